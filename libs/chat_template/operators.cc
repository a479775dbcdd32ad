#include "libs/chat_template/operators.h"

#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/attributes.h"
#include "libs/chat_template/text_functions.h"

namespace tessera::chat_template {
namespace {

absl::Status Mismatch(absl::string_view op, const Value& left,
                      const Value& right) {
  if (left.is_undefined()) return UndefinedError(left);
  if (right.is_undefined()) return UndefinedError(right);
  return absl::InvalidArgumentError(
      absl::StrCat("unsupported operand types for ", op, ": '", left.TypeName(),
                   "' and '", right.TypeName(), "'"));
}

absl::Status Overflow(absl::string_view op) {
  return absl::InvalidArgumentError(
      absl::StrCat("the result of ", op, " is beyond 64 bits"));
}

absl::Status ZeroDivision() {
  return absl::InvalidArgumentError("division by zero");
}

// Towards minus infinity, as Python's; b is not 0.
absl::StatusOr<int64_t> FloorDivide(int64_t a, int64_t b) {
  if (b == -1) {
    if (a == INT64_MIN) return Overflow("//");
    return -a;
  }
  return a / b - (a % b != 0 && (a % b < 0) != (b < 0) ? 1 : 0);
}

// Of the sign of b.
int64_t FloorModulo(int64_t a, int64_t b) {
  if (b == -1) return 0;
  const int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

double FloorModulo(double a, double b) {
  const double rest = std::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

absl::StatusOr<Value> IntegerPower(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) return ZeroDivision();
    return Value(
        std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  int64_t result = 1;
  while (exponent > 0) {
    if (exponent % 2 == 1 && __builtin_mul_overflow(result, base, &result)) {
      return Overflow("**");
    }
    exponent /= 2;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) {
      return Overflow("**");
    }
  }
  return Value(result);
}

absl::StatusOr<Value> ComputeIntegers(absl::string_view op, int64_t a,
                                      int64_t b) {
  int64_t result = 0;
  bool overflows = false;
  if (op == "+") {
    overflows = __builtin_add_overflow(a, b, &result);
  } else if (op == "-") {
    overflows = __builtin_sub_overflow(a, b, &result);
  } else if (op == "*") {
    overflows = __builtin_mul_overflow(a, b, &result);
  } else if (op == "**") {
    return IntegerPower(a, b);
  } else if (b == 0) {
    return ZeroDivision();
  } else if (op == "/") {
    return Value(static_cast<double>(a) / static_cast<double>(b));
  } else if (op == "//") {
    ASSIGN_OR_RETURN(result, FloorDivide(a, b));
  } else {
    result = FloorModulo(a, b);
  }
  if (overflows) return Overflow(op);
  return Value(result);
}

absl::StatusOr<Value> ComputeFloats(absl::string_view op, double a, double b) {
  if (op == "+") return Value(a + b);
  if (op == "-") return Value(a - b);
  if (op == "*") return Value(a * b);
  if (op == "**") {
    const double power = std::pow(a, b);
    // Python has an error or a complex number here.
    if (!std::isfinite(power)) return Overflow(op);
    return Value(power);
  }
  if (b == 0) return ZeroDivision();
  if (op == "/") return Value(a / b);
  if (op == "//") return Value(std::floor(a / b));
  return Value(FloorModulo(a, b));
}

// A text or list `count` times over.
absl::StatusOr<Value> Repeat(const Value& value, int64_t count,
                             Budget* budget) {
  const size_t times = count < 0 ? 0 : static_cast<size_t>(count);
  if (const Text* text = value.text()) {
    RETURN_IF_ERROR(budget->Allocate(text->allocated_bytes(), times));
    Text repeated;
    if (text->empty()) return MakeText(std::move(repeated), budget);
    for (size_t i = 0; i < times; ++i) repeated.Append(*text);
    return MakeText(std::move(repeated), budget);
  }
  const List& list = *value.list();
  std::vector<Value> items;
  RETURN_IF_ERROR(budget->Allocate(sizeof(Value) * list.items.size(), times));
  for (size_t i = 0; i < times && !list.items.empty(); ++i) {
    items.insert(items.end(), list.items.begin(), list.items.end());
  }
  return MakeList(std::move(items), budget, list.is_tuple);
}

absl::StatusOr<Value> Concatenate(const Value& left, const Value& right,
                                  Budget* budget) {
  if (left.is_text()) {
    RETURN_IF_ERROR(budget->Allocate(left.text()->allocated_bytes() +
                                     right.text()->allocated_bytes()));
    Text text = *left.text();
    text.Append(*right.text());
    return Value::FromText(std::move(text));
  }
  const std::vector<Value>& more = right.list()->items;
  RETURN_IF_ERROR(budget->Allocate(sizeof(Value), left.list()->items.size()));
  std::vector<Value> items = left.list()->items;
  RETURN_IF_ERROR(budget->Allocate(sizeof(Value), more.size()));
  items.insert(items.end(), more.begin(), more.end());
  return MakeList(std::move(items), budget, left.list()->is_tuple);
}

bool IsRepeatable(const Value& value) {
  return value.is_text() || value.is_list();
}

bool IsWhole(const Value& value) {
  return value.is_integer() || value.is_bool();
}

absl::StatusOr<bool> Contains(const Value& container, const Value& item,
                              Budget* budget) {
  if (const Text* text = container.text()) {
    if (!item.is_text()) return Mismatch("in", item, container);
    RETURN_IF_ERROR(budget->Read(text->size()));
    return Find(text->bytes(), item.text()->bytes()) != absl::string_view::npos;
  }
  if (const Dict* dict = container.dict()) {
    RETURN_IF_ERROR(budget->Step(1 + dict->items.size() / 8));
    if (item.is_list() || item.is_dict()) {
      return absl::InvalidArgumentError(
          absl::StrCat("unhashable type: '", item.TypeName(), "'"));
    }
    return dict->Find(item) != nullptr;
  }
  if (const List* list = container.list()) {
    for (const Value& candidate : list->items) {
      ASSIGN_OR_RETURN(const bool equal, Equal(candidate, item, budget));
      if (equal) return true;
    }
    return false;
  }
  if (container.is_undefined()) return false;
  return Mismatch("in", item, container);
}

}  // namespace

absl::StatusOr<Value> Compute(absl::string_view op, const Value& left,
                              const Value& right, Budget* budget) {
  if (left.is_number() && right.is_number()) {
    if (left.is_float() || right.is_float()) {
      return ComputeFloats(op, left.number(), right.number());
    }
    return ComputeIntegers(op, left.integer(), right.integer());
  }
  if (op == "+") {
    const bool are_texts = left.is_text() && right.is_text();
    const bool are_lists = left.is_list() && right.is_list() &&
                           left.list()->is_tuple == right.list()->is_tuple;
    if (are_texts || are_lists) return Concatenate(left, right, budget);
  }
  if (op == "*" && IsRepeatable(left) && IsWhole(right)) {
    return Repeat(left, right.integer(), budget);
  }
  if (op == "*" && IsWhole(left) && IsRepeatable(right)) {
    return Repeat(right, left.integer(), budget);
  }
  return Mismatch(op, left, right);
}

absl::StatusOr<bool> Compare(absl::string_view op, const Value& left,
                             const Value& right, Budget* budget) {
  if (op == "==") return Equal(left, right, budget);
  if (op == "<") return Less(left, right, budget);
  if (op == ">") return Less(right, left, budget);
  if (op == "in") return Contains(right, left, budget);
  absl::StatusOr<bool> opposite;
  if (op == "!=") {
    opposite = Equal(left, right, budget);
  } else if (op == "not in") {
    opposite = Contains(right, left, budget);
  } else {
    // Neither is true of a NaN.
    const bool has_nan = (left.is_float() && std::isnan(left.number())) ||
                         (right.is_float() && std::isnan(right.number()));
    if (has_nan) return false;
    opposite =
        op == "<=" ? Less(right, left, budget) : Less(left, right, budget);
  }
  if (!opposite.ok()) return opposite.status();
  return !*opposite;
}

absl::StatusOr<Value> Negate(absl::string_view op, const Value& value) {
  if (value.is_undefined()) return UndefinedError(value);
  if (!value.is_number()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "bad operand type for unary ", op, ": '", value.TypeName(), "'"));
  }
  if (value.is_float()) {
    return Value(op == "-" ? -value.number() : value.number());
  }
  const int64_t x = value.integer();
  if (op == "-" && x == INT64_MIN) return Overflow("-");
  return Value(op == "-" ? -x : x);
}

}  // namespace tessera::chat_template
