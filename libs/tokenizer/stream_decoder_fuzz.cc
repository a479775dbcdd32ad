// Tokens of any bytes, cut anywhere: what the stream decoder returns is valid
// UTF-8 and, put together, the text of all the tokens.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "libs/base/check.h"
#include "libs/tokenizer/stream_decoder.h"
#include "libs/tokenizer/tokenizer.h"
#include "libs/tokenizer/utf8.h"

namespace tessera::tokenizer {
namespace {

// Token i is <0xii>, then texts of one to three characters.
Vocabulary ByteVocabulary() {
  constexpr char kHex[] = "0123456789ABCDEF";
  Vocabulary vocabulary;
  vocabulary.kind = Vocabulary::Kind::kSentencePieceBpe;
  for (int byte = 0; byte < 256; ++byte) {
    vocabulary.tokens.push_back(
        {'<', '0', 'x', kHex[byte >> 4], kHex[byte & 15], '>'});
  }
  for (const char* text :
       {"\u2581", "a", "\u00e9", "\u20ac\u2581", "\U0001f600", "<end>"}) {
    vocabulary.tokens.push_back(text);
  }
  vocabulary.types.assign(256, TokenType::kByte);
  vocabulary.types.resize(vocabulary.tokens.size(), TokenType::kNormal);
  vocabulary.types.back() = TokenType::kControl;
  vocabulary.scores.assign(vocabulary.tokens.size(), 0);
  vocabulary.add_space_prefix = true;
  return vocabulary;
}

void Check(const Tokenizer& tokenizer, const std::vector<int32_t>& ids,
           const DecodeOptions& options) {
  StreamDecoder decoder(&tokenizer, options);
  std::string text;
  for (const int32_t id : ids) {
    const std::string piece = decoder.Push(id);
    CHECK(IsValidUtf8(piece)) << "half a character";
    text += piece;
  }
  text += decoder.Flush();
  CHECK(text == tokenizer.Decode(ids, options))
      << "the pieces are not the whole";
}

}  // namespace
}  // namespace tessera::tokenizer

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tessera::tokenizer;  // NOLINT
  static const auto* const tokenizer = new std::unique_ptr<const Tokenizer>(
      *Tokenizer::Create(ByteVocabulary()));
  if (size == 0) return 0;
  const DecodeOptions options = {.skip_special = (data[0] & 1) != 0,
                                 .is_continuation = (data[0] & 2) != 0};
  std::vector<int32_t> ids;
  for (size_t i = 1; i < size; ++i) {
    // 0x01 to 0x08 stand for the tokens behind the bytes, and for none.
    ids.push_back(data[i] >= 1 && data[i] <= 8 ? 255 + data[i] : data[i]);
  }
  Check(**tokenizer, ids, options);
  // The same bytes as a text: there and back, but that U+2581 is a space.
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto encoded = (*tokenizer)->Encode(text, {.parse_special = false});
  CHECK(encoded.ok()) << encoded.status();
  const std::string expected =
      absl::StrReplaceAll(ReplaceInvalidUtf8(text), {{"\u2581", " "}});
  CHECK((*tokenizer)->Decode(*encoded) == expected) << "not what was encoded";
  return 0;
}
