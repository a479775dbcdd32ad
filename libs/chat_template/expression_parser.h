// Tokens into expressions, by Jinja's grammar and precedence: if-else, or, and,
// not, comparisons, + and -, ~, * / // %, **, signs, filters and tests.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/chat_template/ast.h"
#include "libs/chat_template/token_stream.h"

namespace tessera::chat_template {

ExpressionPointer NameExpression(absl::string_view name, int line);

// Each method reads as much as it can; InvalidArgument names the line.
class ExpressionParser {
 public:
  using Result = absl::StatusOr<ExpressionPointer>;
  using Kind = Expression::Kind;

  explicit ExpressionParser(TokenStream* stream) : stream_(*stream) {}

  // Without an if-else on the outside where `has_conditional` is false.
  Result Parse(bool has_conditional = true);
  // An expression, or several with commas between: a tuple. None at all where
  // `may_be_empty`.
  Result ParseTuple(bool has_conditional = true, bool may_be_empty = false);
  // `name(arguments) | name | ...` over `input`.
  Result ParseFilters(ExpressionPointer input);

 private:
  // What the operators bind, from the loosest (expression_parser.cc).
  Result ParseConditional();
  Result ParseOr();
  Result ParseAnd();
  Result ParseNot();
  // The comparison that is next, taken; empty where none is.
  std::string TakeComparison();
  Result ParseCompare();
  Result ParseSum();
  Result ParseConcat();
  Result ParseProduct();
  Result ParsePower();
  // A sign or a primary, what follows it, and filters and tests.
  Result ParseOperand() { return ParseUnary(true); }
  Result ParseUnary(bool has_filters);
  // Operands of `parse` with any of `operators` between, from the left.
  Result ParseChain(std::initializer_list<absl::string_view> operators,
                    Result (ExpressionParser::*parse)());

  // What binds tightest (primary_parser.cc).
  Result ParsePrimary();
  Result ParseName();
  // Strings side by side are one.
  Result ParseStrings();
  Result ParseListItems(int line);
  Result ParseDictItems(int line);
  Result ParsePostfix(ExpressionPointer node);
  Result ParseAttribute(ExpressionPointer node, int line);
  // After "[": an item or a slice.
  Result ParseSubscript(ExpressionPointer node, int line);
  // "(" arguments ")" after `first`, the first operand.
  Result ParseArguments(Kind kind, int line, absl::string_view name,
                        ExpressionPointer first);
  Result ParseFilter(ExpressionPointer input);
  // `is name`, `is not name(arguments)`, `is name argument`.
  Result ParseTest(ExpressionPointer node);
  Result ParseFiltersAndTests(ExpressionPointer node);

  Result Make(Kind kind, int line, absl::string_view name,
              std::vector<ExpressionPointer> operands);
  template <typename... Operands>
  Result MakeOf(Kind kind, int line, absl::string_view name,
                Operands... operands) {
    std::vector<ExpressionPointer> list;
    (list.push_back(std::move(operands)), ...);
    return Make(kind, line, name, std::move(list));
  }
  Result MakeConstant(int line, Value value);
  bool AtTupleEnd() const;

  TokenStream& stream_;
};

}  // namespace tessera::chat_template
