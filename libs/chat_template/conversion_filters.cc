#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/attributes.h"
#include "libs/chat_template/builtin.h"
#include "libs/chat_template/format.h"

namespace tessera::chat_template {
namespace {

absl::StatusOr<Value> DefaultValue(const Call& call) {
  const bool replaces_false = call.Flag(1, false);
  if (!call.self().is_undefined() &&
      !(replaces_false && !call.self().IsTrue())) {
    return call.self();
  }
  if (call.Get(0) != nullptr) return *call.Get(0);
  return Value::FromText(Text());
}

absl::StatusOr<Value> FromDouble(double x, const Value& otherwise) {
  // Beyond this lie no 64-bit integers.
  if (!(std::fabs(x) < 0x1p63)) return otherwise;
  return Value(static_cast<int64_t>(x));
}

// int(default=0): what cannot be read is the default.
absl::StatusOr<Value> Int(const Call& call) {
  const Value zero(int64_t{0});
  const Value& otherwise = call.Get(0) == nullptr ? zero : *call.Get(0);
  if (call.self().is_undefined()) return UndefinedError(call.self());
  if (call.self().is_float()) {
    return FromDouble(call.self().number(), otherwise);
  }
  if (call.self().is_number()) return Value(call.self().integer());
  if (!call.self().is_text()) return otherwise;
  absl::string_view bytes = call.self().text()->bytes();
  int64_t integer = 0;
  if (absl::SimpleAtoi(bytes, &integer)) return Value(integer);
  double number = 0;
  if (absl::SimpleAtod(bytes, &number)) return FromDouble(number, otherwise);
  return otherwise;
}

absl::StatusOr<Value> Float(const Call& call) {
  const Value zero(0.0);
  const Value& otherwise = call.Get(0) == nullptr ? zero : *call.Get(0);
  if (call.self().is_undefined()) return UndefinedError(call.self());
  if (call.self().is_number()) return Value(call.self().number());
  double number = 0;
  if (call.self().is_text() &&
      absl::SimpleAtod(call.self().text()->bytes(), &number)) {
    return Value(number);
  }
  return otherwise;
}

absl::Status WantNumber(const Call& call) {
  if (call.self().is_number()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("wants a number, not '", call.self().TypeName(), "'"));
}

absl::StatusOr<Value> Abs(const Call& call) {
  RETURN_IF_ERROR(WantNumber(call));
  if (call.self().is_float()) return Value(std::fabs(call.self().number()));
  const int64_t x = call.self().integer();
  if (x == INT64_MIN) return absl::InvalidArgumentError("overflows 64 bits");
  return Value(x < 0 ? -x : x);
}

// round(precision=0, method="common"); half goes to even, as in Python.
absl::StatusOr<Value> Round(const Call& call) {
  RETURN_IF_ERROR(WantNumber(call));
  ASSIGN_OR_RETURN(const int64_t precision, call.Integer(0, 0));
  absl::string_view method = "common";
  if (call.Has(1)) {
    ASSIGN_OR_RETURN(const Text* text, call.TextOf(1));
    method = text->bytes();
  }
  if (precision < 0 || precision > 15) {
    return absl::InvalidArgumentError("precision must be between 0 and 15");
  }
  const double x = call.self().number();
  if (method == "common") {
    // Decimal, so that 0.15 is what it is written as and not what it is.
    char buffer[400];
    const auto end =
        std::to_chars(buffer, buffer + sizeof(buffer), x,
                      std::chars_format::fixed, static_cast<int>(precision));
    double rounded = x;
    std::from_chars(buffer, end.ptr, rounded);
    return Value(rounded);
  }
  const double unit = std::pow(10.0, static_cast<double>(precision));
  if (method == "floor") return Value(std::floor(x * unit) / unit);
  if (method == "ceil") return Value(std::ceil(x * unit) / unit);
  return absl::InvalidArgumentError(
      absl::StrCat("method must be common, ceil or floor, not ", method));
}

// separators=(item, key) of tojson.
absl::Status ReadSeparators(const Value& separators, JsonFormat* format) {
  const List* list = separators.list();
  if (list == nullptr || list->items.size() != 2 || !list->items[0].is_text() ||
      !list->items[1].is_text()) {
    return absl::InvalidArgumentError("separators must be two strs");
  }
  if (list->items[0].text()->size() + list->items[1].text()->size() > 16) {
    return absl::InvalidArgumentError("separators are longer than 16 bytes");
  }
  format->item_separator = std::string(list->items[0].text()->bytes());
  format->key_separator = std::string(list->items[1].text()->bytes());
  return absl::OkStatus();
}

// tojson(ensure_ascii, indent, separators, sort_keys), transformers' own.
absl::StatusOr<Value> AsJson(const Call& call) {
  JsonFormat format;
  format.ensure_ascii = call.Flag(0, false);
  if (call.Has(1)) {
    ASSIGN_OR_RETURN(const int64_t indent, call.Integer(1, 0));
    if (indent < 0 || indent > 100) {
      return absl::InvalidArgumentError("indent must be between 0 and 100");
    }
    format.indent = static_cast<int>(indent);
    format.item_separator.resize(1);  // no space
  }
  if (call.Has(2)) RETURN_IF_ERROR(ReadSeparators(*call.Get(2), &format));
  format.sort_keys = call.Flag(3, false);
  ASSIGN_OR_RETURN(Text text, ToJson(call.self(), format, call.budget()));
  return MakeText(std::move(text), call.budget());
}

constexpr Builtin kConversionFilters[] = {
    {"default", DefaultValue, "default_value,boolean"},
    {"d", DefaultValue, "default_value,boolean"},
    {"int", Int, "default"},
    {"float", Float, "default"},
    {"abs", Abs},
    {"round", Round, "precision,method"},
    {"tojson", AsJson, "ensure_ascii,indent,separators,sort_keys"},
};

}  // namespace

absl::Span<const Builtin> ConversionFilters() { return kConversionFilters; }

}  // namespace tessera::chat_template
