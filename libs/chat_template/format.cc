#include "libs/chat_template/format.h"

#include <charconv>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/utf8.h"

namespace tessera::chat_template {
namespace {

// Punctuation of a printed list. It is the template's, as numbers are: neither
// can carry a message's words.
constexpr Origin kOwn = Origin::kTemplate;

absl::Status AppendRepr(const Value& value, Budget* budget, Text* out);

// The escape of a control, of one of the few characters below U+0100 that
// Python holds unprintable, of the quote, or of a backslash; otherwise nothing.
std::string Escape(uint32_t c, char quote) {
  if (c == '\n') return "\\n";
  if (c == '\r') return "\\r";
  if (c == '\t') return "\\t";
  if (c == '\\') return "\\\\";
  if (c == static_cast<uint32_t>(quote)) {
    return absl::StrCat("\\", std::string(1, quote));
  }
  if (c < 0x20 || (c >= 0x7F && c <= 0xA0) || c == 0xAD) {
    return absl::StrFormat("\\x%02x", c);
  }
  return "";
}

absl::Status AppendTextRepr(const Text& text, Budget* budget, Text* out) {
  RETURN_IF_ERROR(budget->Allocate(text.allocated_bytes()));
  absl::string_view bytes = text.bytes();
  const bool has_single = bytes.find('\'') != bytes.npos;
  const char quote = has_single && bytes.find('"') == bytes.npos ? '"' : '\'';
  const std::string quotes(1, quote);
  out->Append(quotes, kOwn);
  size_t plain = 0;  // where the bytes not yet copied begin
  for (size_t i = 0; i < bytes.size();) {
    const CodePoint c = CodePointAt(bytes, i);
    const std::string escape = Escape(c.value, quote);
    if (!escape.empty()) {
      RETURN_IF_ERROR(budget->Allocate(escape.size()));
      out->AppendPart(text, plain, i);
      out->Append(escape, text.OriginAt(i));
      plain = i + c.size;
    }
    i += c.size;
  }
  out->AppendPart(text, plain, bytes.size());
  out->Append(quotes, kOwn);
  return absl::OkStatus();
}

absl::Status AppendListRepr(const List& list, Budget* budget, Text* out) {
  out->Append(list.is_tuple ? "(" : "[", kOwn);
  for (size_t i = 0; i < list.items.size(); ++i) {
    if (i > 0) out->Append(", ", kOwn);
    RETURN_IF_ERROR(AppendRepr(list.items[i], budget, out));
  }
  if (list.is_tuple && list.items.size() == 1) out->Append(",", kOwn);
  out->Append(list.is_tuple ? ")" : "]", kOwn);
  return absl::OkStatus();
}

absl::Status AppendDictRepr(const Dict& dict, Budget* budget, Text* out) {
  out->Append("{", kOwn);
  bool is_first = true;
  for (const auto& [key, value] : dict.items) {
    if (!is_first) out->Append(", ", kOwn);
    is_first = false;
    RETURN_IF_ERROR(AppendRepr(key, budget, out));
    out->Append(": ", kOwn);
    RETURN_IF_ERROR(AppendRepr(value, budget, out));
  }
  out->Append("}", kOwn);
  return absl::OkStatus();
}

absl::Status AppendRepr(const Value& value, Budget* budget, Text* out) {
  RETURN_IF_ERROR(budget->Allocate(32));
  if (value.text() != nullptr) {
    return AppendTextRepr(*value.text(), budget, out);
  }
  if (value.list() != nullptr) {
    return AppendListRepr(*value.list(), budget, out);
  }
  if (value.dict() != nullptr) {
    return AppendDictRepr(*value.dict(), budget, out);
  }
  if (value.is_none()) {
    out->Append("None", kOwn);
  } else if (value.is_undefined()) {
    out->Append("Undefined", kOwn);
  } else if (value.is_bool()) {
    out->Append(value.integer() != 0 ? "True" : "False", kOwn);
  } else if (value.is_integer()) {
    out->Append(absl::StrCat(value.integer()), kOwn);
  } else if (value.is_float()) {
    out->Append(FloatRepr(value.number()), kOwn);
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("printing a ", value.TypeName(), " is not supported"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Text> ToText(const Value& value, Budget* budget) {
  Text text;
  if (value.is_undefined()) return text;
  if (value.text() != nullptr) {
    RETURN_IF_ERROR(budget->Allocate(value.text()->allocated_bytes()));
    return *value.text();
  }
  RETURN_IF_ERROR(AppendRepr(value, budget, &text));
  return text;
}

std::string FloatRepr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[64];
  const double size = std::fabs(value);
  const bool is_plain = size == 0 || (size >= 1e-4 && size < 1e16);
  const auto result = std::to_chars(
      buffer, buffer + sizeof(buffer), value,
      is_plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(buffer, result.ptr);
  if (is_plain && text.find('.') == text.npos) text += ".0";
  return text;
}

}  // namespace tessera::chat_template
