#include "libs/tokenizer/token_byte_table.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "libs/tokenizer/byte_alphabet.h"

namespace tessera::tokenizer {
namespace {

// The byte of a token such as <0x0A>.
std::optional<char> ByteOfName(absl::string_view name) {
  int byte;
  const bool has_form = name.size() == 6 && name.substr(0, 3) == "<0x" &&
                        name[5] == '>' && absl::ascii_isxdigit(name[3]) &&
                        absl::ascii_isxdigit(name[4]);
  if (!has_form || !absl::SimpleHexAtoi(name.substr(3, 2), &byte))
    return std::nullopt;
  return static_cast<char>(byte);
}

void AppendTokenBytes(const TokenizerSpec& spec, int32_t id,
                      std::string* bytes) {
  const std::string& text = spec.tokens[id];
  const TokenType type = spec.types[id];
  const bool is_name = type == TokenType::kControl ||
                       type == TokenType::kUnknown ||
                       type == TokenType::kUserDefined;
  if (is_name) {
    bytes->append(text);
  } else if (spec.bpe.alphabet == BpeSpec::Alphabet::kBytes) {
    // As in Hugging Face's, a token with other characters stands for itself.
    if (!AppendAlphabetBytes(text, bytes)) bytes->append(text);
  } else if (const auto byte = ByteOfName(text);
             type == TokenType::kByte && byte.has_value()) {
    bytes->push_back(*byte);
  } else {
    bytes->append(absl::StrReplaceAll(text, {{kSpaceMarker, " "}}));
  }
}

}  // namespace

TokenByteTable::TokenByteTable(const TokenizerSpec& spec) {
  ends_.reserve(spec.tokens.size() + 1);
  ends_.push_back(0);
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    AppendTokenBytes(spec, id, &bytes_);
    ends_.push_back(bytes_.size());
  }
}

}  // namespace tessera::tokenizer
