// PredictedText: a text that an answer is expected to repeat in large part
// (OpenAI's Predicted Outputs), searchable by what the answer said last.
//
// Built once: O(n log n), 140 bytes a token.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "libs/speculation/suffix_index.h"
#include "libs/speculation/token_history.h"

namespace tessera::speculation {

class PredictedText {
 public:
  explicit PredictedText(absl::Span<const int32_t> tokens);

  // For the largest of kMatchLengths for which there is one, the place where as
  // many tokens agree with the last ones of `answer`: the first whose `next` is
  // `near` or later; without one, the last before. O(log n).
  std::optional<Match> Find(const TokenHistory& answer, int64_t near) const;

  absl::Span<const int32_t> tokens() const { return text_.tokens(); }

 private:
  struct Place {
    uint64_t hash;
    int64_t end;
    bool operator<(const Place& other) const {
      return hash != other.hash ? hash < other.hash : end < other.end;
    }
  };
  std::optional<int64_t> FindHash(int length_index, uint64_t hash,
                                  int64_t near) const;

  TokenHistory text_;
  std::array<std::vector<Place>, kNumMatchLengths> places_;  // sorted
};

}  // namespace tessera::speculation
