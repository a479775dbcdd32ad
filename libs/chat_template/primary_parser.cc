// Names, literals, subscripts, calls, filters and tests.
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/expression_parser.h"

namespace tessera::chat_template {

ExpressionParser::Result ExpressionParser::ParsePrimary() {
  const Token token = stream_.Peek();
  switch (token.kind) {
    case Token::Kind::kName:
      return ParseName();
    case Token::Kind::kString:
      return ParseStrings();
    case Token::Kind::kInteger: {
      int64_t value = 0;
      if (!absl::SimpleAtoi(token.text, &value)) {
        return ErrorAt(token.line, "an integer is beyond 64 bits");
      }
      stream_.Next();
      return MakeConstant(token.line, Value(value));
    }
    case Token::Kind::kFloat: {
      double value = 0;
      if (!absl::SimpleAtod(token.text, &value)) {
        return stream_.Unexpected("a number");
      }
      stream_.Next();
      return MakeConstant(token.line, Value(value));
    }
    default:
      break;
  }
  if (stream_.SkipOperator("(")) {
    ASSIGN_OR_RETURN(ExpressionPointer tuple, ParseTuple(true, true));
    RETURN_IF_ERROR(stream_.ExpectOperator(")"));
    return tuple;
  }
  if (stream_.SkipOperator("[")) return ParseListItems(token.line);
  if (stream_.SkipOperator("{")) return ParseDictItems(token.line);
  return stream_.Unexpected("an expression");
}

ExpressionParser::Result ExpressionParser::ParseName() {
  const Token token = stream_.Next();
  const std::string& name = token.text;
  if (name == "true" || name == "True") {
    return MakeConstant(token.line, Value(true));
  }
  if (name == "false" || name == "False") {
    return MakeConstant(token.line, Value(false));
  }
  if (name == "none" || name == "None") {
    return MakeConstant(token.line, Value());
  }
  return NameExpression(name, token.line);
}

ExpressionParser::Result ExpressionParser::ParseStrings() {
  const int line = stream_.line();
  std::string text;
  while (stream_.Peek().kind == Token::Kind::kString) {
    text += stream_.Next().text;
  }
  return MakeConstant(line, Value::FromText(Text(text, Origin::kTemplate)));
}

ExpressionParser::Result ExpressionParser::ParseListItems(int line) {
  std::vector<ExpressionPointer> items;
  while (!stream_.SkipOperator("]")) {
    if (!items.empty()) {
      RETURN_IF_ERROR(stream_.ExpectOperator(","));
      if (stream_.SkipOperator("]")) break;
    }
    ASSIGN_OR_RETURN(ExpressionPointer item, Parse(true));
    items.push_back(std::move(item));
  }
  return Make(Kind::kList, line, "", std::move(items));
}

ExpressionParser::Result ExpressionParser::ParseDictItems(int line) {
  std::vector<ExpressionPointer> items;
  while (!stream_.SkipOperator("}")) {
    if (!items.empty()) {
      RETURN_IF_ERROR(stream_.ExpectOperator(","));
      if (stream_.SkipOperator("}")) break;
    }
    ASSIGN_OR_RETURN(ExpressionPointer key, Parse(true));
    RETURN_IF_ERROR(stream_.ExpectOperator(":"));
    ASSIGN_OR_RETURN(ExpressionPointer value, Parse(true));
    items.push_back(std::move(key));
    items.push_back(std::move(value));
  }
  return Make(Kind::kDict, line, "", std::move(items));
}

ExpressionParser::Result ExpressionParser::ParsePostfix(
    ExpressionPointer node) {
  while (true) {
    const Token next = stream_.Peek();
    if (stream_.SkipOperator(".")) {
      ASSIGN_OR_RETURN(node, ParseAttribute(std::move(node), next.line));
    } else if (stream_.SkipOperator("[")) {
      ASSIGN_OR_RETURN(node, ParseSubscript(std::move(node), next.line));
    } else if (next.IsOperator("(")) {
      ASSIGN_OR_RETURN(
          node, ParseArguments(Kind::kCall, next.line, "", std::move(node)));
    } else {
      return node;
    }
  }
}

ExpressionParser::Result ExpressionParser::ParseAttribute(
    ExpressionPointer node, int line) {
  const Token next = stream_.Next();
  if (next.kind == Token::Kind::kName) {
    return MakeOf(Kind::kAttribute, line, next.text, std::move(node));
  }
  int64_t index = 0;
  if (next.kind != Token::Kind::kInteger ||
      !absl::SimpleAtoi(next.text, &index)) {
    return ErrorAt(line, "'.' wants a name or a number after it");
  }
  ASSIGN_OR_RETURN(ExpressionPointer item, MakeConstant(line, Value(index)));
  return MakeOf(Kind::kItem, line, "", std::move(node), std::move(item));
}

ExpressionParser::Result ExpressionParser::ParseSubscript(
    ExpressionPointer node, int line) {
  ExpressionPointer parts[3];
  size_t num_colons = 0;
  while (!stream_.Peek().IsOperator("]")) {
    if (stream_.SkipOperator(":")) {
      if (++num_colons > 2) return stream_.Unexpected("']'");
    } else if (parts[num_colons] == nullptr) {
      ASSIGN_OR_RETURN(parts[num_colons], Parse(true));
    } else {
      return stream_.Unexpected("']'");
    }
  }
  stream_.Next();
  if (num_colons > 0) {
    return MakeOf(Kind::kSlice, line, "", std::move(node), std::move(parts[0]),
                  std::move(parts[1]), std::move(parts[2]));
  }
  if (parts[0] == nullptr) return ErrorAt(line, "[] holds no index");
  return MakeOf(Kind::kItem, line, "", std::move(node), std::move(parts[0]));
}

ExpressionParser::Result ExpressionParser::ParseArguments(
    Kind kind, int line, absl::string_view name, ExpressionPointer first) {
  RETURN_IF_ERROR(stream_.ExpectOperator("("));
  std::vector<ExpressionPointer> operands;
  std::vector<std::string> names;
  operands.push_back(std::move(first));
  bool is_first = true;
  while (!stream_.SkipOperator(")")) {
    if (!is_first) {
      RETURN_IF_ERROR(stream_.ExpectOperator(","));
      if (stream_.SkipOperator(")")) break;
    }
    is_first = false;
    if (stream_.Peek().IsOperator("*") || stream_.Peek().IsOperator("**")) {
      return ErrorAt(stream_.line(), "* and ** arguments are not supported");
    }
    if (stream_.Peek().kind == Token::Kind::kName &&
        stream_.Peek(1).IsOperator("=")) {
      names.push_back(stream_.Next().text);
      stream_.Next();
    } else if (!names.empty()) {
      return ErrorAt(stream_.line(),
                     "an argument without a name follows "
                     "one with a name");
    }
    ASSIGN_OR_RETURN(ExpressionPointer value, Parse(true));
    operands.push_back(std::move(value));
  }
  ASSIGN_OR_RETURN(ExpressionPointer node,
                   Make(kind, line, name, std::move(operands)));
  node->names = std::move(names);
  return node;
}

ExpressionParser::Result ExpressionParser::ParseFilter(
    ExpressionPointer input) {
  const int line = stream_.line();
  ASSIGN_OR_RETURN(const std::string name, stream_.TakeName());
  if (stream_.Peek().IsOperator("(")) {
    return ParseArguments(Kind::kFilter, line, name, std::move(input));
  }
  return MakeOf(Kind::kFilter, line, name, std::move(input));
}

ExpressionParser::Result ExpressionParser::ParseTest(ExpressionPointer node) {
  const int line = stream_.line();
  const bool is_negated = stream_.SkipName("not");
  ASSIGN_OR_RETURN(const std::string name, stream_.TakeName());
  const Token& next = stream_.Peek();
  const bool ends = next.IsName("else") || next.IsName("or") ||
                    next.IsName("and") || next.IsName("if");
  if (next.IsOperator("(")) {
    ASSIGN_OR_RETURN(node,
                     ParseArguments(Kind::kTest, line, name, std::move(node)));
  } else if (next.IsName("is")) {
    return ErrorAt(line, "tests cannot be chained with is");
  } else if ((next.kind == Token::Kind::kName && !ends) ||
             next.kind == Token::Kind::kString ||
             next.kind == Token::Kind::kInteger ||
             next.kind == Token::Kind::kFloat || next.IsOperator("[") ||
             next.IsOperator("{")) {
    ASSIGN_OR_RETURN(ExpressionPointer argument, ParsePrimary());
    ASSIGN_OR_RETURN(argument, ParsePostfix(std::move(argument)));
    ASSIGN_OR_RETURN(node, MakeOf(Kind::kTest, line, name, std::move(node),
                                  std::move(argument)));
  } else {
    ASSIGN_OR_RETURN(node, MakeOf(Kind::kTest, line, name, std::move(node)));
  }
  if (!is_negated) return node;
  return MakeOf(Kind::kUnary, line, "not", std::move(node));
}

ExpressionParser::Result ExpressionParser::ParseFiltersAndTests(
    ExpressionPointer node) {
  while (true) {
    const int line = stream_.line();
    if (stream_.SkipOperator("|")) {
      ASSIGN_OR_RETURN(node, ParseFilter(std::move(node)));
    } else if (stream_.SkipName("is")) {
      ASSIGN_OR_RETURN(node, ParseTest(std::move(node)));
    } else if (stream_.Peek().IsOperator("(")) {
      ASSIGN_OR_RETURN(node,
                       ParseArguments(Kind::kCall, line, "", std::move(node)));
    } else {
      return node;
    }
  }
}

}  // namespace tessera::chat_template
