#include "libs/chat_template/token_stream.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace tessera::chat_template {
namespace {

std::string Describe(const Token& token) {
  switch (token.kind) {
    case Token::Kind::kData:
      return "text";
    case Token::Kind::kVariableBegin:
      return "'{{'";
    case Token::Kind::kVariableEnd:
      return "'}}'";
    case Token::Kind::kBlockBegin:
      return "'{%'";
    case Token::Kind::kBlockEnd:
      return "'%}'";
    case Token::Kind::kString:
      return "a string";
    case Token::Kind::kEnd:
      return "the end of the template";
    default:
      return absl::StrCat("'", token.text, "'");
  }
}

}  // namespace

const Token& TokenStream::Peek(size_t ahead) const {
  return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
}

Token TokenStream::Next() {
  const Token token = Peek();
  if (position_ + 1 < tokens_.size()) ++position_;
  return token;
}

bool TokenStream::SkipOperator(absl::string_view text) {
  if (!Peek().IsOperator(text)) return false;
  Next();
  return true;
}

bool TokenStream::SkipName(absl::string_view text) {
  if (!Peek().IsName(text)) return false;
  Next();
  return true;
}

absl::Status TokenStream::ExpectOperator(absl::string_view text) {
  if (SkipOperator(text)) return absl::OkStatus();
  return Unexpected(absl::StrCat("'", text, "'"));
}

absl::Status TokenStream::ExpectName(absl::string_view text) {
  if (SkipName(text)) return absl::OkStatus();
  return Unexpected(absl::StrCat("'", text, "'"));
}

absl::Status TokenStream::Expect(Token::Kind kind) {
  if (Peek().kind != kind) return Unexpected(Describe({kind, "", 0}));
  Next();
  return absl::OkStatus();
}

absl::StatusOr<std::string> TokenStream::TakeName() {
  if (Peek().kind != Token::Kind::kName) return Unexpected("a name");
  return Next().text;
}

absl::Status TokenStream::Unexpected(absl::string_view expected) const {
  return ErrorAt(line(), absl::StrCat("unexpected ", Describe(Peek()),
                                      ", expected ", expected));
}

absl::Status TokenStream::Enter() {
  if (depth_ >= max_depth_) {
    return ErrorAt(line(),
                   absl::StrCat("nested deeper than ", max_depth_, " levels"));
  }
  ++depth_;
  return absl::OkStatus();
}

}  // namespace tessera::chat_template
