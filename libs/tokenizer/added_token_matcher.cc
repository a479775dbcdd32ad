#include "libs/tokenizer/added_token_matcher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/tokenizer/unicode_class.h"
#include "libs/tokenizer/utf8.h"

namespace tessera::tokenizer {
namespace {

uint64_t Edge(uint32_t node, char byte) {
  return static_cast<uint64_t>(node) << 8 | static_cast<uint8_t>(byte);
}

// The end of the white space that starts at `begin`.
size_t SkipSpacesForward(absl::string_view text, size_t begin, size_t end) {
  while (begin < end) {
    const CodePoint c = DecodeValid(text.data() + begin);
    if ((ClassOf(c.value) & kSpace) == 0) break;
    begin += c.num_bytes;
  }
  return begin;
}

// The start of the white space that ends at `end`, not below `begin`.
size_t SkipSpacesBackward(absl::string_view text, size_t begin, size_t end) {
  while (begin < end) {
    size_t start = end - 1;
    while (start > begin && (text[start] & 0xC0) == 0x80) --start;
    if ((ClassOf(DecodeValid(text.data() + start).value) & kSpace) == 0) break;
    end = start;
  }
  return end;
}

}  // namespace

absl::StatusOr<AddedTokenMatcher> AddedTokenMatcher::Create(
    std::vector<AddedToken> tokens) {
  AddedTokenMatcher matcher;
  matcher.tokens_ = std::move(tokens);
  matcher.token_at_.push_back(kNoToken);
  for (size_t i = 0; i < matcher.tokens_.size(); ++i) {
    const AddedToken& token = matcher.tokens_[i];
    if (token.text.empty() || token.text.size() > kMaxTokenBytes) {
      return absl::InvalidArgumentError(absl::StrCat(
          "special or added token ", token.id, " has ", token.text.size(),
          " bytes; it may have 1 to ", kMaxTokenBytes));
    }
    uint32_t node = 0;
    for (const char byte : token.text) {
      const auto [edge, is_new] = matcher.edges_.try_emplace(
          Edge(node, byte), matcher.token_at_.size());
      if (is_new) matcher.token_at_.push_back(kNoToken);
      node = edge->second;
    }
    if (matcher.token_at_[node] != kNoToken) {
      return absl::InvalidArgumentError(
          absl::StrCat("special or added tokens ",
                       matcher.tokens_[matcher.token_at_[node]].id, " and ",
                       token.id, " have the same text"));
    }
    matcher.token_at_[node] = i;
    matcher.starts_[static_cast<uint8_t>(token.text[0])] = true;
  }
  return matcher;
}

const AddedToken* AddedTokenMatcher::LongestMatch(
    absl::string_view text) const {
  const AddedToken* longest = nullptr;
  uint32_t node = 0;
  for (const char byte : text) {
    const auto edge = edges_.find(Edge(node, byte));
    if (edge == edges_.end()) break;
    node = edge->second;
    if (token_at_[node] != kNoToken) longest = &tokens_[token_at_[node]];
  }
  return longest;
}

void AddedTokenMatcher::Split(absl::string_view text, size_t begin, size_t end,
                              bool parse_special,
                              std::vector<TextPart>* parts) const {
  size_t text_begin = begin;  // of the text part that is under way
  for (size_t i = begin; i < end;) {
    if (!starts_[static_cast<uint8_t>(text[i])]) {
      ++i;
      continue;
    }
    const AddedToken* const token = LongestMatch(text.substr(i, end - i));
    if (token == nullptr) {
      ++i;
      continue;
    }
    const size_t match_begin = i;
    i += token->text.size();
    if (token->is_special && !parse_special) continue;
    const size_t token_begin =
        token->strips_left ? SkipSpacesBackward(text, text_begin, match_begin)
                           : match_begin;
    const size_t token_end =
        token->strips_right ? SkipSpacesForward(text, i, end) : i;
    if (text_begin < token_begin)
      parts->push_back({text_begin, token_begin, nullptr});
    parts->push_back({token_begin, token_end, token});
    text_begin = token_end;
  }
  if (text_begin < end) parts->push_back({text_begin, end, nullptr});
}

}  // namespace tessera::tokenizer
