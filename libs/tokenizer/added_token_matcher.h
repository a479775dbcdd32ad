// Finds added tokens (special ones and others) in a text.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/tokenizer/tokenizer_spec.h"

namespace tessera::tokenizer {

// A part [begin, end) of the text: an added token, or text between them.
struct TextPart {
  size_t begin;
  size_t end;
  const AddedToken* token;  // null: text
};

class AddedTokenMatcher {
 public:
  // A search costs at most this many steps a byte of the text, whatever the
  // tokens are.
  static constexpr size_t kMaxTokenBytes = 256;

  AddedTokenMatcher() = default;  // of no token

  // InvalidArgument: a token is empty, too long, or has another one's text.
  static absl::StatusOr<AddedTokenMatcher> Create(
      std::vector<AddedToken> tokens);

  // Appends the parts of text[begin, end) to `parts`: of the matches at the
  // leftmost position the longest, then on behind it. Without parse_special a
  // special token is text, though what it covers is not searched again.
  void Split(absl::string_view text, size_t begin, size_t end,
             bool parse_special, std::vector<TextPart>* parts) const;

  bool empty() const { return tokens_.empty(); }
  const std::vector<AddedToken>& tokens() const { return tokens_; }

 private:
  static constexpr int32_t kNoToken = -1;

  // The token that is the longest front of `text`, or null.
  const AddedToken* LongestMatch(absl::string_view text) const;

  std::vector<AddedToken> tokens_;
  // A trie over the tokens' bytes; node 0 is the root.
  absl::flat_hash_map<uint64_t, uint32_t> edges_;  // node << 8 | byte -> node
  std::vector<int32_t> token_at_;                  // [num_nodes] kNoToken: none
  bool starts_[256] = {};  // whether some token starts with the byte
};

}  // namespace tessera::tokenizer
