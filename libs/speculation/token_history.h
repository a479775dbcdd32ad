// TokenHistory: a growing list of tokens that knows the hash of any of its
// n-grams of certain lengths in O(1).
//
// 12 bytes a token.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace tessera::speculation {

// The lengths of n-grams by which texts are compared: how long a match is, is
// known up to the next of these below.
inline constexpr std::array<int, 8> kMatchLengths = {1, 2, 3, 4, 6, 8, 16, 32};
inline constexpr int kNumMatchLengths = kMatchLengths.size();

class TokenHistory {
 public:
  void Append(int32_t token);
  // Keeps the first `num_tokens`, at most size().
  void Truncate(int64_t num_tokens);
  void Reserve(int64_t num_tokens);

  int64_t size() const { return tokens_.size(); }
  absl::Span<const int32_t> tokens() const { return tokens_; }

  // Of the kMatchLengths[length_index] tokens before `end`, of which there are
  // so many. Equal n-grams have equal hashes, in every TokenHistory.
  uint64_t Hash(int64_t end, int length_index) const;

 private:
  std::vector<int32_t> tokens_;
  std::vector<uint64_t> prefix_ = {0};  // of the first i tokens
};

// The last kMatchLengths[length_index] tokens before the two ends agree.
bool NgramsAgree(absl::Span<const int32_t> a, int64_t a_end,
                 absl::Span<const int32_t> b, int64_t b_end, int length_index);

}  // namespace tessera::speculation
