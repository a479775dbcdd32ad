#include "libs/chat_template/expression_parser.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace tessera::chat_template {
namespace {

// Bounds the recursion of evaluating and of freeing a tree; chains such as
// a + b + c + ... grow it without nesting in the source.
constexpr int kMaxExpressionDepth = 200;

}  // namespace

ExpressionPointer NameExpression(absl::string_view name, int line) {
  auto node = std::make_unique<Expression>();
  node->kind = Expression::Kind::kName;
  node->line = line;
  node->name = std::string(name);
  return node;
}

ExpressionParser::Result ExpressionParser::Make(
    Kind kind, int line, absl::string_view name,
    std::vector<ExpressionPointer> operands) {
  auto node = std::make_unique<Expression>();
  node->kind = kind;
  node->line = line;
  node->name = std::string(name);
  for (const ExpressionPointer& operand : operands) {
    if (operand == nullptr) continue;
    node->depth = std::max(node->depth, operand->depth + 1);
  }
  node->operands = std::move(operands);
  if (node->depth > kMaxExpressionDepth) {
    return ErrorAt(line, absl::StrCat("an expression is longer than ",
                                      kMaxExpressionDepth, " operations"));
  }
  return node;
}

ExpressionParser::Result ExpressionParser::MakeConstant(int line, Value value) {
  ASSIGN_OR_RETURN(ExpressionPointer node, Make(Kind::kConstant, line, "", {}));
  node->constant = std::move(value);
  return node;
}

bool ExpressionParser::AtTupleEnd() const {
  const Token& next = stream_.Peek();
  return next.kind == Token::Kind::kVariableEnd ||
         next.kind == Token::Kind::kBlockEnd ||
         next.kind == Token::Kind::kEnd || next.IsOperator(")");
}

ExpressionParser::Result ExpressionParser::Parse(bool has_conditional) {
  RETURN_IF_ERROR(stream_.Enter());
  const Nesting nesting(&stream_);
  return has_conditional ? ParseConditional() : ParseOr();
}

ExpressionParser::Result ExpressionParser::ParseTuple(bool has_conditional,
                                                      bool may_be_empty) {
  const int line = stream_.line();
  std::vector<ExpressionPointer> items;
  bool is_tuple = false;
  while (!AtTupleEnd()) {
    ASSIGN_OR_RETURN(ExpressionPointer item, Parse(has_conditional));
    items.push_back(std::move(item));
    if (!stream_.SkipOperator(",")) break;
    is_tuple = true;
  }
  if (items.empty() && !may_be_empty) {
    return stream_.Unexpected("an expression");
  }
  if (!is_tuple && !items.empty()) return std::move(items[0]);
  return Make(Kind::kTuple, line, "", std::move(items));
}

ExpressionParser::Result ExpressionParser::ParseFilters(
    ExpressionPointer input) {
  do {
    ASSIGN_OR_RETURN(input, ParseFilter(std::move(input)));
  } while (stream_.SkipOperator("|"));
  return input;
}

ExpressionParser::Result ExpressionParser::ParseConditional() {
  const int line = stream_.line();
  ASSIGN_OR_RETURN(ExpressionPointer value, ParseOr());
  while (stream_.SkipName("if")) {
    ASSIGN_OR_RETURN(ExpressionPointer condition, ParseOr());
    ExpressionPointer otherwise;
    if (stream_.SkipName("else")) {
      ASSIGN_OR_RETURN(otherwise, Parse(true));
    }
    ASSIGN_OR_RETURN(value,
                     MakeOf(Kind::kConditional, line, "", std::move(value),
                            std::move(condition), std::move(otherwise)));
  }
  return value;
}

ExpressionParser::Result ExpressionParser::ParseOr() {
  ASSIGN_OR_RETURN(ExpressionPointer left, ParseAnd());
  while (stream_.Peek().IsName("or")) {
    const int line = stream_.Next().line;
    ASSIGN_OR_RETURN(ExpressionPointer right, ParseAnd());
    ASSIGN_OR_RETURN(
        left, MakeOf(Kind::kOr, line, "", std::move(left), std::move(right)));
  }
  return left;
}

ExpressionParser::Result ExpressionParser::ParseAnd() {
  ASSIGN_OR_RETURN(ExpressionPointer left, ParseNot());
  while (stream_.Peek().IsName("and")) {
    const int line = stream_.Next().line;
    ASSIGN_OR_RETURN(ExpressionPointer right, ParseNot());
    ASSIGN_OR_RETURN(
        left, MakeOf(Kind::kAnd, line, "", std::move(left), std::move(right)));
  }
  return left;
}

ExpressionParser::Result ExpressionParser::ParseNot() {
  if (!stream_.Peek().IsName("not")) return ParseCompare();
  RETURN_IF_ERROR(stream_.Enter());
  const Nesting nesting(&stream_);
  const int line = stream_.Next().line;
  ASSIGN_OR_RETURN(ExpressionPointer operand, ParseNot());
  return MakeOf(Kind::kUnary, line, "not", std::move(operand));
}

std::string ExpressionParser::TakeComparison() {
  const Token& next = stream_.Peek();
  if (next.kind == Token::Kind::kOperator) {
    for (const absl::string_view op : {"==", "!=", "<", "<=", ">", ">="}) {
      if (next.text == op) return stream_.Next().text;
    }
  }
  if (stream_.SkipName("in")) return "in";
  if (next.IsName("not") && stream_.Peek(1).IsName("in")) {
    stream_.Next();
    stream_.Next();
    return "not in";
  }
  return "";
}

ExpressionParser::Result ExpressionParser::ParseCompare() {
  const int line = stream_.line();
  std::vector<ExpressionPointer> operands(1);
  std::vector<std::string> operators;
  ASSIGN_OR_RETURN(operands[0], ParseSum());
  for (std::string op = TakeComparison(); !op.empty(); op = TakeComparison()) {
    operators.push_back(op);
    ASSIGN_OR_RETURN(ExpressionPointer operand, ParseSum());
    operands.push_back(std::move(operand));
  }
  if (operators.empty()) return std::move(operands[0]);
  ASSIGN_OR_RETURN(ExpressionPointer node,
                   Make(Kind::kCompare, line, "", std::move(operands)));
  node->names = std::move(operators);
  return node;
}

ExpressionParser::Result ExpressionParser::ParseSum() {
  return ParseChain({"+", "-"}, &ExpressionParser::ParseConcat);
}

ExpressionParser::Result ExpressionParser::ParseChain(
    std::initializer_list<absl::string_view> operators,
    Result (ExpressionParser::*parse)()) {
  ASSIGN_OR_RETURN(ExpressionPointer left, (this->*parse)());
  while (true) {
    const Token next = stream_.Peek();
    const bool continues = next.kind == Token::Kind::kOperator &&
                           std::find(operators.begin(), operators.end(),
                                     next.text) != operators.end();
    if (!continues) return left;
    stream_.Next();
    ASSIGN_OR_RETURN(ExpressionPointer right, (this->*parse)());
    ASSIGN_OR_RETURN(left, MakeOf(Kind::kBinary, next.line, next.text,
                                  std::move(left), std::move(right)));
  }
}

ExpressionParser::Result ExpressionParser::ParseConcat() {
  const int line = stream_.line();
  std::vector<ExpressionPointer> parts(1);
  ASSIGN_OR_RETURN(parts[0], ParseProduct());
  while (stream_.SkipOperator("~")) {
    ASSIGN_OR_RETURN(ExpressionPointer part, ParseProduct());
    parts.push_back(std::move(part));
  }
  if (parts.size() == 1) return std::move(parts[0]);
  return Make(Kind::kConcat, line, "", std::move(parts));
}

ExpressionParser::Result ExpressionParser::ParseProduct() {
  return ParseChain({"*", "/", "//", "%"}, &ExpressionParser::ParsePower);
}

ExpressionParser::Result ExpressionParser::ParsePower() {
  return ParseChain({"**"}, &ExpressionParser::ParseOperand);
}

ExpressionParser::Result ExpressionParser::ParseUnary(bool has_filters) {
  RETURN_IF_ERROR(stream_.Enter());
  const Nesting nesting(&stream_);
  const Token next = stream_.Peek();
  ExpressionPointer node;
  if (next.IsOperator("-") || next.IsOperator("+")) {
    stream_.Next();
    ASSIGN_OR_RETURN(node, ParseUnary(false));
    ASSIGN_OR_RETURN(
        node, MakeOf(Kind::kUnary, next.line, next.text, std::move(node)));
  } else {
    ASSIGN_OR_RETURN(node, ParsePrimary());
  }
  ASSIGN_OR_RETURN(node, ParsePostfix(std::move(node)));
  if (!has_filters) return node;
  return ParseFiltersAndTests(std::move(node));
}

}  // namespace tessera::chat_template
