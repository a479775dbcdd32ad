// The parsers' view of the tokens.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "libs/chat_template/lexer.h"

namespace tessera::chat_template {

class TokenStream {
 public:
  // The last of the tokens is kEnd.
  TokenStream(std::vector<Token> tokens, int max_depth)
      : tokens_(std::move(tokens)), max_depth_(max_depth) {}

  const Token& Peek(size_t ahead = 0) const;
  int line() const { return Peek().line; }
  // The end is never passed.
  Token Next();

  // Takes the token if it is next.
  bool SkipOperator(absl::string_view text);
  bool SkipName(absl::string_view text);
  // InvalidArgument, with the line: something else is next.
  absl::Status ExpectOperator(absl::string_view text);
  absl::Status ExpectName(absl::string_view text);
  absl::Status Expect(Token::Kind kind);
  absl::StatusOr<std::string> TakeName();

  // InvalidArgument: "line 3: unexpected 'x', expected words".
  absl::Status Unexpected(absl::string_view expected) const;

  // Levels of nesting; Leave after each Enter that succeeded.
  absl::Status Enter();
  void Leave() { --depth_; }

 private:
  std::vector<Token> tokens_;
  size_t position_ = 0;
  const int max_depth_;
  int depth_ = 0;
};

class Nesting {
 public:
  explicit Nesting(TokenStream* stream) : stream_(stream) {}
  ~Nesting() { stream_->Leave(); }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  TokenStream* stream_;
};

}  // namespace tessera::chat_template
