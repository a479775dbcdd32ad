#include "libs/chat_template/parser.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/expression_parser.h"
#include "libs/chat_template/lexer.h"
#include "libs/chat_template/token_stream.h"

namespace tessera::chat_template {
namespace {

using Kind = Statement::Kind;
using Ends = std::vector<absl::string_view>;

class Parser {
 public:
  explicit Parser(TokenStream* stream)
      : stream_(*stream), expressions_(stream) {}

  // Up to a block tag of one of the names, which is not taken; up to the end of
  // the template where there are none.
  absl::StatusOr<Body> ParseBody(const Ends& ends) {
    RETURN_IF_ERROR(stream_.Enter());
    const Nesting nesting(&stream_);
    Body body;
    while (stream_.Peek().kind != Token::Kind::kEnd) {
      if (AtTag(ends)) return body;
      ASSIGN_OR_RETURN(Statement statement, ParseStatement());
      body.push_back(std::move(statement));
    }
    if (ends.empty()) return body;
    return stream_.Unexpected(absl::StrCat("{% ", ends.back(), " %}"));
  }

 private:
  bool AtTag(const Ends& ends) const {
    const Token& name = stream_.Peek(1);
    return stream_.Peek().kind == Token::Kind::kBlockBegin &&
           name.kind == Token::Kind::kName &&
           std::find(ends.begin(), ends.end(), name.text) != ends.end();
  }

  Statement Make(Kind kind) const {
    Statement statement{};
    statement.kind = kind;
    statement.line = stream_.line();
    return statement;
  }

  absl::StatusOr<Statement> ParseStatement() {
    if (stream_.Peek().kind == Token::Kind::kData) {
      Statement statement = Make(Kind::kText);
      statement.text =
          Value::FromText(Text(stream_.Next().text, Origin::kTemplate));
      return statement;
    }
    if (stream_.Peek().kind == Token::Kind::kVariableBegin) {
      Statement statement = Make(Kind::kPrint);
      stream_.Next();
      ASSIGN_OR_RETURN(statement.expression, expressions_.ParseTuple());
      RETURN_IF_ERROR(stream_.Expect(Token::Kind::kVariableEnd));
      return statement;
    }
    RETURN_IF_ERROR(stream_.Expect(Token::Kind::kBlockBegin));
    return ParseTag();
  }

  absl::StatusOr<Statement> ParseTag() {
    const int line = stream_.line();
    ASSIGN_OR_RETURN(const std::string name, stream_.TakeName());
    if (name == "if") return ParseIf();
    if (name == "for") return ParseFor();
    if (name == "set") return ParseSet();
    if (name == "macro") return ParseMacro();
    if (name == "call") return ParseCallBlock();
    if (name == "filter") return ParseFilterBlock();
    if (name == "with") return ParseWith();
    if (name == "generation") return ParseGeneration();
    if (name == "break") return ParseJump(Kind::kBreak);
    if (name == "continue") return ParseJump(Kind::kContinue);
    return ErrorAt(line, absl::StrCat("{% ", name,
                                      " %}: no such statement is "
                                      "supported here"));
  }

  absl::Status EndTag() { return stream_.Expect(Token::Kind::kBlockEnd); }

  // The tag that ParseBody stopped at.
  absl::StatusOr<std::string> TakeTag() {
    RETURN_IF_ERROR(stream_.Expect(Token::Kind::kBlockBegin));
    return stream_.TakeName();
  }

  // %} body {% end %}
  absl::StatusOr<Body> ParseBlock(absl::string_view end) {
    RETURN_IF_ERROR(EndTag());
    ASSIGN_OR_RETURN(Body body, ParseBody({end}));
    RETURN_IF_ERROR(TakeTag().status());
    RETURN_IF_ERROR(EndTag());
    return body;
  }

  absl::StatusOr<Statement> ParseIf() {
    Statement statement = Make(Kind::kIf);
    std::string tag = "elif";
    while (tag == "elif") {
      Branch branch;
      ASSIGN_OR_RETURN(branch.condition, expressions_.ParseTuple(false));
      RETURN_IF_ERROR(EndTag());
      ASSIGN_OR_RETURN(branch.body, ParseBody({"elif", "else", "endif"}));
      statement.branches.push_back(std::move(branch));
      ASSIGN_OR_RETURN(tag, TakeTag());
    }
    if (tag == "else") {
      ASSIGN_OR_RETURN(statement.else_body, ParseBlock("endif"));
      return statement;
    }
    RETURN_IF_ERROR(EndTag());
    return statement;
  }

  // name, name: with attributes where a namespace may be meant.
  absl::StatusOr<std::vector<Target>> ParseTargets(bool has_attributes) {
    std::vector<Target> targets;
    const bool is_parenthesized = stream_.SkipOperator("(");
    do {
      Target target;
      ASSIGN_OR_RETURN(target.name, stream_.TakeName());
      if (has_attributes && stream_.SkipOperator(".")) {
        ASSIGN_OR_RETURN(target.attribute, stream_.TakeName());
      }
      targets.push_back(std::move(target));
    } while (stream_.SkipOperator(","));
    if (is_parenthesized) RETURN_IF_ERROR(stream_.ExpectOperator(")"));
    return targets;
  }

  absl::StatusOr<Statement> ParseFor() {
    Statement statement = Make(Kind::kFor);
    ASSIGN_OR_RETURN(statement.targets, ParseTargets(false));
    RETURN_IF_ERROR(stream_.ExpectName("in"));
    ASSIGN_OR_RETURN(statement.expression, expressions_.ParseTuple(false));
    if (stream_.SkipName("if")) {
      ASSIGN_OR_RETURN(statement.condition, expressions_.Parse());
    }
    if (stream_.Peek().IsName("recursive")) {
      return ErrorAt(stream_.line(), "for ... recursive is not supported");
    }
    RETURN_IF_ERROR(EndTag());
    ++num_loops_;
    absl::StatusOr<Body> body = ParseBody({"else", "endfor"});
    --num_loops_;
    ASSIGN_OR_RETURN(statement.body, std::move(body));
    ASSIGN_OR_RETURN(const std::string tag, TakeTag());
    if (tag == "else") {
      ASSIGN_OR_RETURN(statement.else_body, ParseBlock("endfor"));
      return statement;
    }
    RETURN_IF_ERROR(EndTag());
    return statement;
  }

  absl::StatusOr<Statement> ParseSet() {
    Statement statement = Make(Kind::kSet);
    ASSIGN_OR_RETURN(statement.targets, ParseTargets(true));
    if (stream_.SkipOperator("=")) {
      ASSIGN_OR_RETURN(statement.expression, expressions_.ParseTuple());
      RETURN_IF_ERROR(EndTag());
      return statement;
    }
    statement.kind = Kind::kSetBlock;
    if (statement.targets.size() != 1) return stream_.Unexpected("'='");
    if (stream_.SkipOperator("|")) {
      ASSIGN_OR_RETURN(statement.filters, ParseBlockFilters());
    }
    ASSIGN_OR_RETURN(statement.body, ParseBlock("endset"));
    return statement;
  }

  absl::StatusOr<ExpressionPointer> ParseBlockFilters() {
    return expressions_.ParseFilters(
        NameExpression(kBlockName, stream_.line()));
  }

  absl::StatusOr<std::vector<Parameter>> ParseParameters() {
    std::vector<Parameter> parameters;
    RETURN_IF_ERROR(stream_.ExpectOperator("("));
    while (!stream_.SkipOperator(")")) {
      if (!parameters.empty()) RETURN_IF_ERROR(stream_.ExpectOperator(","));
      Parameter parameter;
      ASSIGN_OR_RETURN(parameter.name, stream_.TakeName());
      if (stream_.SkipOperator("=")) {
        ASSIGN_OR_RETURN(parameter.default_value, expressions_.Parse());
      } else if (!parameters.empty() &&
                 parameters.back().default_value != nullptr) {
        return ErrorAt(stream_.line(),
                       "a parameter without a default follows "
                       "one with a default");
      }
      parameters.push_back(std::move(parameter));
    }
    return parameters;
  }

  // A macro's body is in no loop, wherever it stands.
  absl::StatusOr<Body> ParseMacroBody(absl::string_view end) {
    const int num_loops = std::exchange(num_loops_, 0);
    absl::StatusOr<Body> body = ParseBlock(end);
    num_loops_ = num_loops;
    return body;
  }

  absl::StatusOr<Statement> ParseMacro() {
    Statement statement = Make(Kind::kMacro);
    ASSIGN_OR_RETURN(statement.name, stream_.TakeName());
    ASSIGN_OR_RETURN(statement.parameters, ParseParameters());
    ASSIGN_OR_RETURN(statement.body, ParseMacroBody("endmacro"));
    return statement;
  }

  absl::StatusOr<Statement> ParseCallBlock() {
    Statement statement = Make(Kind::kCallBlock);
    statement.name = "caller";
    if (stream_.Peek().IsOperator("(")) {
      ASSIGN_OR_RETURN(statement.parameters, ParseParameters());
    }
    ASSIGN_OR_RETURN(statement.expression, expressions_.Parse());
    if (statement.expression->kind != Expression::Kind::kCall) {
      return ErrorAt(statement.line, "{% call %} wants a call");
    }
    ASSIGN_OR_RETURN(statement.body, ParseMacroBody("endcall"));
    return statement;
  }

  absl::StatusOr<Statement> ParseFilterBlock() {
    Statement statement = Make(Kind::kFilterBlock);
    ASSIGN_OR_RETURN(statement.filters, ParseBlockFilters());
    ASSIGN_OR_RETURN(statement.body, ParseBlock("endfilter"));
    return statement;
  }

  absl::StatusOr<Statement> ParseWith() {
    Statement statement = Make(Kind::kWith);
    while (stream_.Peek().kind != Token::Kind::kBlockEnd) {
      if (!statement.targets.empty()) {
        RETURN_IF_ERROR(stream_.ExpectOperator(","));
      }
      Target target;
      ASSIGN_OR_RETURN(target.name, stream_.TakeName());
      statement.targets.push_back(std::move(target));
      RETURN_IF_ERROR(stream_.ExpectOperator("="));
      ASSIGN_OR_RETURN(ExpressionPointer value, expressions_.Parse());
      statement.values.push_back(std::move(value));
    }
    ASSIGN_OR_RETURN(statement.body, ParseBlock("endwith"));
    return statement;
  }

  // Marks the assistant's text for training; renders as its body does.
  absl::StatusOr<Statement> ParseGeneration() {
    Statement statement = Make(Kind::kWith);
    ASSIGN_OR_RETURN(statement.body, ParseBlock("endgeneration"));
    return statement;
  }

  absl::StatusOr<Statement> ParseJump(Kind kind) {
    Statement statement = Make(kind);
    if (num_loops_ == 0) {
      return ErrorAt(statement.line, "break and continue want a for block");
    }
    RETURN_IF_ERROR(EndTag());
    return statement;
  }

  TokenStream& stream_;
  ExpressionParser expressions_;
  int num_loops_ = 0;
};

}  // namespace

absl::StatusOr<Body> ParseTemplate(absl::string_view source,
                                   const Limits& limits) {
  if (source.size() > limits.max_source_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the template has ", source.size(), " bytes; at most ",
                     limits.max_source_bytes, " are taken"));
  }
  ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(source));
  TokenStream stream(std::move(tokens), limits.max_parse_depth);
  return Parser(&stream).ParseBody({});
}

}  // namespace tessera::chat_template
