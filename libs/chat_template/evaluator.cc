// The interpreter's expressions.
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/attributes.h"
#include "libs/chat_template/format.h"
#include "libs/chat_template/interpreter.h"
#include "libs/chat_template/operators.h"

namespace tessera::chat_template {

using Kind = Expression::Kind;

absl::StatusOr<Value> Interpreter::Evaluate(const Expression& expression,
                                            Scope* scope) {
  RETURN_IF_ERROR(budget_.Step());
  RETURN_IF_ERROR(At(expression.line, budget_.Enter()));
  const DepthGuard guard(&budget_);
  absl::StatusOr<Value> value = EvaluateNode(expression, scope);
  if (!value.ok()) return At(expression.line, value.status());
  return value;
}

absl::StatusOr<Value> Interpreter::EvaluateNode(const Expression& node,
                                                Scope* scope) {
  switch (node.kind) {
    case Kind::kConstant:
      return node.constant;
    case Kind::kName:
      return EvaluateName(node, scope);
    case Kind::kList:
    case Kind::kTuple:
      return EvaluateList(node, scope);
    case Kind::kDict:
      return EvaluateDict(node, scope);
    case Kind::kUnary:
      return EvaluateUnary(node, scope);
    case Kind::kBinary:
    case Kind::kAnd:
    case Kind::kOr:
      return EvaluateBinary(node, scope);
    case Kind::kCompare:
      return EvaluateCompare(node, scope);
    case Kind::kConcat:
      return EvaluateConcat(node, scope);
    case Kind::kConditional:
      return EvaluateConditional(node, scope);
    case Kind::kAttribute: {
      ASSIGN_OR_RETURN(const Value object, Evaluate(*node.operands[0], scope));
      return GetAttribute(object, node.name, &budget_);
    }
    case Kind::kItem: {
      ASSIGN_OR_RETURN(const Value object, Evaluate(*node.operands[0], scope));
      ASSIGN_OR_RETURN(const Value key, Evaluate(*node.operands[1], scope));
      return GetItem(object, key, &budget_);
    }
    case Kind::kSlice:
      return EvaluateSlice(node, scope);
    case Kind::kCall:
      return EvaluateCall(node, scope);
    case Kind::kFilter:
    case Kind::kTest:
      return EvaluateFilter(node, scope);
  }
  CHECK(false) << "no such expression";
}

absl::StatusOr<Value> Interpreter::EvaluateName(const Expression& node,
                                                Scope* scope) {
  for (; scope != nullptr; scope = scope->parent) {
    const auto found = scope->variables.find(node.name);
    if (found != scope->variables.end()) return found->second;
    RETURN_IF_ERROR(budget_.Step());
  }
  return Value::UndefinedBecause(
      absl::StrCat("'", node.name, "' is undefined"));
}

absl::StatusOr<Value> Interpreter::EvaluateList(const Expression& node,
                                                Scope* scope) {
  std::vector<Value> items;
  for (const ExpressionPointer& operand : node.operands) {
    ASSIGN_OR_RETURN(Value item, Evaluate(*operand, scope));
    items.push_back(std::move(item));
  }
  return MakeList(std::move(items), &budget_, node.kind == Kind::kTuple);
}

absl::StatusOr<Value> Interpreter::EvaluateDict(const Expression& node,
                                                Scope* scope) {
  std::vector<std::pair<Value, Value>> items;
  for (size_t i = 0; i < node.operands.size(); i += 2) {
    ASSIGN_OR_RETURN(Value key, Evaluate(*node.operands[i], scope));
    ASSIGN_OR_RETURN(Value value, Evaluate(*node.operands[i + 1], scope));
    items.emplace_back(std::move(key), std::move(value));
  }
  return MakeDict(std::move(items), &budget_);
}

absl::StatusOr<Value> Interpreter::EvaluateUnary(const Expression& node,
                                                 Scope* scope) {
  ASSIGN_OR_RETURN(const Value operand, Evaluate(*node.operands[0], scope));
  if (node.name == "not") return Value(!operand.IsTrue());
  return Negate(node.name, operand);
}

absl::StatusOr<Value> Interpreter::EvaluateBinary(const Expression& node,
                                                  Scope* scope) {
  ASSIGN_OR_RETURN(Value left, Evaluate(*node.operands[0], scope));
  if (node.kind == Kind::kAnd && !left.IsTrue()) return left;
  if (node.kind == Kind::kOr && left.IsTrue()) return left;
  ASSIGN_OR_RETURN(Value right, Evaluate(*node.operands[1], scope));
  if (node.kind != Kind::kBinary) return right;
  return Compute(node.name, left, right, &budget_);
}

absl::StatusOr<Value> Interpreter::EvaluateCompare(const Expression& node,
                                                   Scope* scope) {
  ASSIGN_OR_RETURN(Value left, Evaluate(*node.operands[0], scope));
  for (size_t i = 1; i < node.operands.size(); ++i) {
    ASSIGN_OR_RETURN(Value right, Evaluate(*node.operands[i], scope));
    ASSIGN_OR_RETURN(const bool holds,
                     Compare(node.names[i - 1], left, right, &budget_));
    if (!holds) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

absl::StatusOr<Value> Interpreter::EvaluateConcat(const Expression& node,
                                                  Scope* scope) {
  Text joined;
  for (const ExpressionPointer& operand : node.operands) {
    ASSIGN_OR_RETURN(const Value part, Evaluate(*operand, scope));
    ASSIGN_OR_RETURN(const Text text, ToText(part, &budget_));
    RETURN_IF_ERROR(budget_.Allocate(text.allocated_bytes()));
    joined.Append(text);
  }
  return MakeText(std::move(joined), &budget_);
}

absl::StatusOr<Value> Interpreter::EvaluateConditional(const Expression& node,
                                                       Scope* scope) {
  ASSIGN_OR_RETURN(const Value condition, Evaluate(*node.operands[1], scope));
  if (condition.IsTrue()) return Evaluate(*node.operands[0], scope);
  if (node.operands[2] != nullptr) return Evaluate(*node.operands[2], scope);
  return Value::UndefinedBecause(
      "the inline if-expression evaluated to false and no else section was "
      "defined.");
}

absl::StatusOr<Value> Interpreter::EvaluateSlice(const Expression& node,
                                                 Scope* scope) {
  ASSIGN_OR_RETURN(const Value object, Evaluate(*node.operands[0], scope));
  Slice slice;
  std::optional<int64_t>* const bounds[] = {&slice.start, &slice.stop,
                                            &slice.step};
  for (size_t i = 0; i < 3; ++i) {
    if (node.operands[i + 1] == nullptr) continue;
    ASSIGN_OR_RETURN(const Value bound, Evaluate(*node.operands[i + 1], scope));
    if (bound.is_none()) continue;
    if (bound.is_undefined()) return UndefinedError(bound);
    if (!bound.is_integer() && !bound.is_bool()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "a slice's bounds must be ints, not '", bound.TypeName(), "'"));
    }
    *bounds[i] = bound.integer();
  }
  return GetSlice(object, slice, &budget_);
}

absl::StatusOr<Value> Interpreter::EvaluateFilter(const Expression& node,
                                                  Scope* scope) {
  const bool is_filter = node.kind == Kind::kFilter;
  const Builtin* builtin =
      is_filter ? FindFilter(node.name) : FindTest(node.name);
  if (builtin == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        is_filter ? "filter" : "test", " '", node.name, "' is not supported"));
  }
  ASSIGN_OR_RETURN(const Value self, Evaluate(*node.operands[0], scope));
  ASSIGN_OR_RETURN(const Arguments arguments, EvaluateArguments(node, scope));
  return Invoke(*builtin, self, arguments, &budget_);
}

absl::StatusOr<Arguments> Interpreter::EvaluateArguments(const Expression& node,
                                                         Scope* scope) {
  Arguments arguments;
  const size_t num_positional = node.operands.size() - node.names.size();
  for (size_t i = 1; i < node.operands.size(); ++i) {
    ASSIGN_OR_RETURN(Value value, Evaluate(*node.operands[i], scope));
    if (i < num_positional) {
      arguments.positional.push_back(std::move(value));
    } else {
      arguments.named.emplace_back(node.names[i - num_positional],
                                   std::move(value));
    }
  }
  return arguments;
}

}  // namespace tessera::chat_template
