// The tests of `is`.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/builtin.h"
#include "libs/chat_template/format.h"
#include "libs/chat_template/operators.h"
#include "libs/chat_template/utf8.h"

namespace tessera::chat_template {
namespace {

template <bool (*kTest)(const Value&)>
absl::StatusOr<Value> Is(const Call& call) {
  return Value(kTest(call.self()));
}

bool IsDefined(const Value& v) { return !v.is_undefined(); }
bool IsUndefined(const Value& v) { return v.is_undefined(); }
bool IsNone(const Value& v) { return v.is_none(); }
bool IsString(const Value& v) { return v.is_text(); }
bool IsNumber(const Value& v) { return v.is_number(); }
bool IsInteger(const Value& v) { return v.is_integer(); }
bool IsFloat(const Value& v) { return v.is_float(); }
bool IsBoolean(const Value& v) { return v.is_bool(); }
bool IsTrueItself(const Value& v) { return v.is_bool() && v.IsTrue(); }
bool IsFalseItself(const Value& v) { return v.is_bool() && !v.IsTrue(); }
bool IsMapping(const Value& v) { return v.is_dict(); }
bool IsSequence(const Value& v) {
  // An undefined value has a length and items, none.
  return v.is_list() || v.is_text() || v.is_dict() || v.is_undefined();
}
bool IsCallable(const Value& v) { return v.is_callable(); }

template <bool kIsOdd>
absl::StatusOr<Value> Parity(const Call& call) {
  if (!call.self().is_integer() && !call.self().is_bool()) {
    return absl::InvalidArgumentError("wants an int");
  }
  return Value((call.self().integer() % 2 != 0) == kIsOdd);
}

absl::StatusOr<Value> DivisibleBy(const Call& call) {
  ASSIGN_OR_RETURN(const Value rest,
                   Compute("%", call.self(), *call.Get(0), call.budget()));
  return Value(!rest.IsTrue());
}

// Some letter that has case, and each that has it of the one asked for.
template <bool kIsUpper>
absl::StatusOr<Value> HasCase(const Call& call) {
  ASSIGN_OR_RETURN(const Text text, ToText(call.self(), call.budget()));
  bool has_letter = false;
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = CodePointAt(text.bytes(), i);
    i += c.size;
    const bool is_upper = ToLower(c.value) != c.value;
    const bool is_lower = ToUpper(c.value) != c.value;
    if (!is_upper && !is_lower) continue;
    has_letter = true;
    if (is_upper != kIsUpper) return Value(false);
  }
  return Value(has_letter);
}

// Texts, numbers and the like are the same where they are equal.
absl::StatusOr<Value> SameAs(const Call& call) {
  if (call.self().variant().index() != call.Get(0)->variant().index()) {
    return Value(false);
  }
  ASSIGN_OR_RETURN(const bool equal,
                   Equal(call.self(), *call.Get(0), call.budget()));
  return Value(equal);
}

// kOperator holds the characters of an operator.
template <char kFirst, char kSecond>
absl::StatusOr<Value> Compares(const Call& call) {
  const char characters[] = {kFirst, kSecond, '\0'};
  ASSIGN_OR_RETURN(const bool holds, Compare(characters, call.self(),
                                             *call.Get(0), call.budget()));
  return Value(holds);
}

constexpr Builtin kTests[] = {
    {"defined", Is<IsDefined>},
    {"undefined", Is<IsUndefined>},
    {"none", Is<IsNone>},
    {"string", Is<IsString>},
    {"number", Is<IsNumber>},
    {"integer", Is<IsInteger>},
    {"float", Is<IsFloat>},
    {"boolean", Is<IsBoolean>},
    {"true", Is<IsTrueItself>},
    {"false", Is<IsFalseItself>},
    {"mapping", Is<IsMapping>},
    {"sequence", Is<IsSequence>},
    {"iterable", Is<IsSequence>},
    {"callable", Is<IsCallable>},
    {"odd", Parity<true>},
    {"even", Parity<false>},
    {"divisibleby", DivisibleBy, "num", 1},
    {"upper", HasCase<true>},
    {"lower", HasCase<false>},
    {"sameas", SameAs, "other", 1},
    {"eq", Compares<'=', '='>, "other", 1},
    {"equalto", Compares<'=', '='>, "other", 1},
    {"==", Compares<'=', '='>, "other", 1},
    {"ne", Compares<'!', '='>, "other", 1},
    {"!=", Compares<'!', '='>, "other", 1},
    {"lt", Compares<'<', '\0'>, "other", 1},
    {"lessthan", Compares<'<', '\0'>, "other", 1},
    {"<", Compares<'<', '\0'>, "other", 1},
    {"le", Compares<'<', '='>, "other", 1},
    {"<=", Compares<'<', '='>, "other", 1},
    {"gt", Compares<'>', '\0'>, "other", 1},
    {"greaterthan", Compares<'>', '\0'>, "other", 1},
    {">", Compares<'>', '\0'>, "other", 1},
    {"ge", Compares<'>', '='>, "other", 1},
    {">=", Compares<'>', '='>, "other", 1},
    {"in", Compares<'i', 'n'>, "other", 1},
};

}  // namespace

const Builtin* FindTest(absl::string_view name) {
  return FindByName(kTests, name);
}

}  // namespace tessera::chat_template
