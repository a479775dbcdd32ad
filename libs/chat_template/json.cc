// JSON out of values (format.h) and into them (json.h).
#include "libs/chat_template/json.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/format.h"
#include "libs/chat_template/utf8.h"

namespace tessera::chat_template {
namespace {

class JsonWriter {
 public:
  JsonWriter(const JsonFormat& format, Budget* budget)
      : format_(format), budget_(budget) {}

  absl::Status Write(const Value& value, int level) {
    RETURN_IF_ERROR(budget_->Allocate(32));
    if (value.text() != nullptr) return WriteText(*value.text());
    if (value.list() != nullptr) return WriteList(*value.list(), level);
    if (value.dict() != nullptr) return WriteDict(*value.dict(), level);
    if (value.is_none()) {
      Put("null");
    } else if (value.is_bool()) {
      Put(value.integer() != 0 ? "true" : "false");
    } else if (value.is_integer()) {
      Put(absl::StrCat(value.integer()));
    } else if (value.is_float()) {
      WriteFloat(value.number());
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("tojson: JSON has no ", value.TypeName()));
    }
    return absl::OkStatus();
  }

  Text Take() { return std::move(out_); }

 private:
  void Put(absl::string_view bytes) { out_.Append(bytes, Origin::kData); }

  void WriteFloat(double x) {
    if (std::isnan(x)) return Put("NaN");
    if (std::isinf(x)) return Put(x > 0 ? "Infinity" : "-Infinity");
    Put(FloatRepr(x));
  }

  // The two halves of a surrogate pair, or the one unit.
  void WriteEscaped(uint32_t c) {
    if (c < 0x10000) return Put(absl::StrFormat("\\u%04x", c));
    c -= 0x10000;
    Put(absl::StrFormat("\\u%04x\\u%04x", 0xD800 + (c >> 10),
                        0xDC00 + (c & 0x3FF)));
  }

  absl::Status WriteText(const Text& text) {
    RETURN_IF_ERROR(budget_->Allocate(text.allocated_bytes()));
    absl::string_view bytes = text.bytes();
    Put("\"");
    size_t plain = 0;  // where the bytes not yet copied begin
    for (size_t i = 0; i < bytes.size();) {
      const CodePoint c = CodePointAt(bytes, i);
      const bool is_special = c.value < 0x20 || c.value == '"' ||
                              c.value == '\\' ||
                              (format_.ensure_ascii && c.value >= 0x7F);
      if (is_special) {
        // Up to 12 bytes and a run on either side.
        RETURN_IF_ERROR(budget_->Allocate(12 + 2 * sizeof(Text::Run)));
        out_.AppendPart(text, plain, i);
        plain = i + c.size;
        WriteSpecial(c.value);
      }
      i += c.size;
    }
    out_.AppendPart(text, plain, bytes.size());
    Put("\"");
    return absl::OkStatus();
  }

  void WriteSpecial(uint32_t c) {
    switch (c) {
      case '"':
        return Put("\\\"");
      case '\\':
        return Put("\\\\");
      case '\n':
        return Put("\\n");
      case '\r':
        return Put("\\r");
      case '\t':
        return Put("\\t");
      case '\b':
        return Put("\\b");
      case '\f':
        return Put("\\f");
      default:
        return WriteEscaped(c);
    }
  }

  absl::Status NewLine(int level) {
    if (format_.indent < 0) return absl::OkStatus();
    const size_t width = static_cast<size_t>(format_.indent) * level;
    RETURN_IF_ERROR(budget_->Allocate(width));
    Put(absl::StrCat("\n", std::string(width, ' ')));
    return absl::OkStatus();
  }

  absl::Status Separate(bool is_first, int level) {
    if (!is_first) Put(format_.item_separator);
    return NewLine(level);
  }

  absl::Status WriteList(const List& list, int level) {
    if (list.items.empty()) return Put("[]"), absl::OkStatus();
    Put("[");
    for (size_t i = 0; i < list.items.size(); ++i) {
      RETURN_IF_ERROR(Separate(i == 0, level + 1));
      RETURN_IF_ERROR(Write(list.items[i], level + 1));
    }
    RETURN_IF_ERROR(NewLine(level));
    return Put("]"), absl::OkStatus();
  }

  // JSON's keys are texts; Python writes others as one.
  absl::Status WriteKey(const Value& key) {
    if (key.is_text()) return WriteText(*key.text());
    Put("\"");
    RETURN_IF_ERROR(Write(key, 0));
    return Put("\""), absl::OkStatus();
  }

  static absl::Status SortByKey(
      std::vector<const std::pair<Value, Value>*>* items) {
    for (const auto* item : *items) {
      if (!item->first.is_text()) {
        return absl::InvalidArgumentError("sort_keys wants keys of type str");
      }
    }
    std::sort(items->begin(), items->end(), [](const auto* a, const auto* b) {
      return a->first.text()->bytes() < b->first.text()->bytes();
    });
    return absl::OkStatus();
  }

  absl::Status WriteDict(const Dict& dict, int level) {
    if (dict.items.empty()) return Put("{}"), absl::OkStatus();
    std::vector<const std::pair<Value, Value>*> items;
    for (const auto& item : dict.items) items.push_back(&item);
    if (format_.sort_keys) RETURN_IF_ERROR(SortByKey(&items));
    Put("{");
    for (size_t i = 0; i < items.size(); ++i) {
      RETURN_IF_ERROR(Separate(i == 0, level + 1));
      RETURN_IF_ERROR(WriteKey(items[i]->first));
      Put(format_.key_separator);
      RETURN_IF_ERROR(Write(items[i]->second, level + 1));
    }
    RETURN_IF_ERROR(NewLine(level));
    return Put("}"), absl::OkStatus();
  }

  const JsonFormat& format_;
  Budget* budget_;
  Text out_;
};

}  // namespace

absl::StatusOr<Text> ToJson(const Value& value, const JsonFormat& format,
                            Budget* budget) {
  JsonWriter writer(format, budget);
  RETURN_IF_ERROR(writer.Write(value, 0));
  return writer.Take();
}

absl::StatusOr<Value> FromJson(const nlohmann::ordered_json& json,
                               Origin origin, Budget* budget, int level) {
  RETURN_IF_ERROR(budget->Step());
  if (level > kMaxJsonDepth) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a variable is nested deeper than ", kMaxJsonDepth, " levels"));
  }
  if (const auto* text = json.get_ptr<const std::string*>()) {
    return MakeText(Text(*text, origin), budget);
  }
  if (const auto* flag = json.get_ptr<const bool*>()) return Value(*flag);
  if (json.is_number_unsigned() &&
      *json.get_ptr<const uint64_t*>() > INT64_MAX) {
    return Value(static_cast<double>(*json.get_ptr<const uint64_t*>()));
  }
  if (const auto* x = json.get_ptr<const int64_t*>()) return Value(*x);
  if (const auto* x = json.get_ptr<const double*>()) return Value(*x);
  if (json.is_array()) {
    std::vector<Value> items;
    for (const nlohmann::ordered_json& item : json) {
      ASSIGN_OR_RETURN(Value value, FromJson(item, origin, budget, level + 1));
      items.push_back(std::move(value));
    }
    return MakeList(std::move(items), budget);
  }
  if (json.is_object()) {
    std::vector<std::pair<Value, Value>> items;
    for (auto it = json.begin(); it != json.end(); ++it) {
      ASSIGN_OR_RETURN(Value value, FromJson(*it, origin, budget, level + 1));
      ASSIGN_OR_RETURN(Value key, MakeText(Text(it.key(), origin), budget));
      items.emplace_back(std::move(key), std::move(value));
    }
    return MakeDict(std::move(items), budget);
  }
  return Value();  // null
}

}  // namespace tessera::chat_template
