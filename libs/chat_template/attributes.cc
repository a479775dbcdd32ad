#include "libs/chat_template/attributes.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/builtin.h"
#include "libs/chat_template/utf8.h"

namespace tessera::chat_template {
namespace {

// What Python has and Jinja's immutable sandbox refuses.
bool ChangesItsObject(const Value& value, absl::string_view name) {
  constexpr absl::string_view kOfList[] = {"append",  "clear", "extend",
                                           "insert",  "pop",   "remove",
                                           "reverse", "sort"};
  constexpr absl::string_view kOfDict[] = {"clear", "pop", "popitem",
                                           "setdefault", "update"};
  if (value.is_list()) return absl::c_linear_search(kOfList, name);
  return value.is_dict() && absl::c_linear_search(kOfDict, name);
}

absl::StatusOr<Value> LoopAttribute(const Value& value, absl::string_view name,
                                    Budget* budget) {
  const Loop& loop = *value.loop();
  const std::vector<Value>& items = loop.items->items;
  const int64_t index = static_cast<int64_t>(loop.index);
  const int64_t length = static_cast<int64_t>(items.size());
  if (name == "index") return Value(index + 1);
  if (name == "index0") return Value(index);
  if (name == "revindex") return Value(length - index);
  if (name == "revindex0") return Value(length - index - 1);
  if (name == "first") return Value(index == 0);
  if (name == "last") return Value(index == length - 1);
  if (name == "length") return Value(length);
  // Jinja counts recursive loops alone, and there are none.
  if (name == "depth") return Value(int64_t{1});
  if (name == "depth0") return Value(int64_t{0});
  if (name == "previtem" && index > 0) return items[index - 1];
  if (name == "nextitem" && index + 1 < length) return items[index + 1];
  if (name == "cycle" || name == "changed") {
    return Value(std::make_shared<const Callable>(
        Callable{std::string(name), nullptr, nullptr,
                 std::make_shared<const Value>(value)}));
  }
  return Value::UndefinedBecause(absl::StrCat("loop has no '", name, "'"));
}

// A bound method, or nothing.
std::optional<Value> Method(const Value& value, absl::string_view name) {
  if (FindMethod(value, name) == nullptr) return std::nullopt;
  return Value(std::make_shared<const Callable>(
      Callable{std::string(name), nullptr, nullptr,
               std::make_shared<const Value>(value)}));
}

Value Missing(const Value& value, absl::string_view name) {
  if (ChangesItsObject(value, name)) {
    return Value::UndefinedBecause(
        absl::StrCat("values cannot be changed: '", name, "' of a '",
                     value.TypeName(), "' is not supported"));
  }
  return Value::UndefinedBecause(absl::StrCat(
      "'", value.TypeName(), "' object has no attribute '", name, "'"));
}

std::optional<size_t> Position(int64_t index, size_t size) {
  const int64_t length = static_cast<int64_t>(size);
  if (index < 0) index += length;
  if (index < 0 || index >= length) return std::nullopt;
  return static_cast<size_t>(index);
}

// The character, as a text of its own.
absl::StatusOr<Value> Character(const Text& text, int64_t index,
                                Budget* budget) {
  RETURN_IF_ERROR(budget->Read(text.size()));
  const auto position = Position(index, NumCodePoints(text.bytes()));
  if (!position.has_value()) {
    return Value::UndefinedBecause(
        absl::StrCat("str object has no element ", index));
  }
  const size_t begin = ByteOffset(text.bytes(), *position);
  const size_t end = begin + CodePointAt(text.bytes(), begin).size;
  return MakeText(text.Part(begin, end), budget);
}

// The indices that Python's slice.indices gives, in order.
struct Range {
  int64_t start;
  int64_t stop;
  int64_t step;
};

absl::StatusOr<Range> Indices(const Slice& slice, int64_t length) {
  const int64_t step = slice.step.value_or(1);
  if (step == 0) return absl::InvalidArgumentError("a slice's step is 0");
  const int64_t low = step < 0 ? -1 : 0;
  const int64_t high = step < 0 ? length - 1 : length;
  const auto clamp = [&](std::optional<int64_t> bound, int64_t otherwise) {
    if (!bound.has_value()) return otherwise;
    // Of opposite signs: no overflow.
    const int64_t index = *bound < 0 ? *bound + length : *bound;
    return std::clamp(index, low, high);
  };
  return Range{clamp(slice.start, step < 0 ? high : low),
               clamp(slice.stop, step < 0 ? low : high), step};
}

// Calls `take` with each index in turn.
template <typename Take>
absl::Status ForEach(const Range& range, const Take& take) {
  int64_t i = range.start;
  while (range.step > 0 ? i < range.stop : i > range.stop) {
    RETURN_IF_ERROR(take(static_cast<size_t>(i)));
    if (__builtin_add_overflow(i, range.step, &i)) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<Value> SliceOfText(const Text& text, const Slice& slice,
                                  Budget* budget) {
  RETURN_IF_ERROR(budget->Allocate(sizeof(size_t), text.size() + 1));
  std::vector<size_t> offsets;  // of each character, and the end
  for (size_t i = 0; i < text.size();) {
    offsets.push_back(i);
    i += CodePointAt(text.bytes(), i).size;
  }
  const int64_t length = static_cast<int64_t>(offsets.size());
  offsets.push_back(text.size());
  ASSIGN_OR_RETURN(const Range range, Indices(slice, length));
  if (range.step == 1) {
    const int64_t stop = std::max(range.start, range.stop);
    return MakeText(text.Part(offsets[range.start], offsets[stop]), budget);
  }
  Text result;
  RETURN_IF_ERROR(ForEach(range, [&](size_t i) {
    result.AppendPart(text, offsets[i], offsets[i + 1]);
    return budget->Step();
  }));
  return MakeText(std::move(result), budget);
}

}  // namespace

absl::Status UndefinedError(const Value& value) {
  return absl::InvalidArgumentError(*std::get<Undefined>(value.variant()).what);
}

absl::StatusOr<Value> GetAttribute(const Value& value, absl::string_view name,
                                   Budget* budget) {
  if (value.is_undefined()) return UndefinedError(value);
  if (value.loop() != nullptr) return LoopAttribute(value, name, budget);
  if (const Namespace* space = value.name_space()) {
    const auto found = space->attributes.find(name);
    if (found != space->attributes.end()) return found->second;
  }
  if (std::optional<Value> method = Method(value, name)) return *method;
  if (const Dict* dict = value.dict()) {
    RETURN_IF_ERROR(budget->Step(1 + dict->items.size() / 8));
    if (const Value* found = dict->Find(name)) return *found;
  }
  return Missing(value, name);
}

absl::StatusOr<Value> GetItem(const Value& value, const Value& key,
                              Budget* budget) {
  if (value.is_undefined()) return UndefinedError(value);
  if (key.is_integer() || key.is_bool()) {
    if (const List* list = value.list()) {
      const auto position = Position(key.integer(), list->items.size());
      if (position.has_value()) return list->items[*position];
    } else if (const Text* text = value.text()) {
      return Character(*text, key.integer(), budget);
    } else if (const Dict* dict = value.dict()) {
      RETURN_IF_ERROR(budget->Step(1 + dict->items.size() / 8));
      if (const Value* found = dict->Find(key)) return *found;
    }
    return Value::UndefinedBecause(absl::StrCat(
        value.TypeName(), " object has no element ", key.integer()));
  }
  if (!key.is_text()) {
    return Value::UndefinedBecause(
        absl::StrCat(value.TypeName(), " object has no element of type '",
                     key.TypeName(), "'"));
  }
  const absl::string_view name = key.text()->bytes();
  if (const Dict* dict = value.dict()) {
    RETURN_IF_ERROR(budget->Step(1 + dict->items.size() / 8));
    if (const Value* found = dict->Find(name)) return *found;
  }
  return GetAttribute(value, name, budget);
}

absl::StatusOr<Value> GetSlice(const Value& value, const Slice& slice,
                               Budget* budget) {
  if (value.is_undefined()) return UndefinedError(value);
  if (const Text* text = value.text()) {
    return SliceOfText(*text, slice, budget);
  }
  const List* list = value.list();
  if (list == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", value.TypeName(), "' has no slices"));
  }
  ASSIGN_OR_RETURN(const Range range,
                   Indices(slice, static_cast<int64_t>(list->items.size())));
  std::vector<Value> items;
  RETURN_IF_ERROR(ForEach(range, [&](size_t i) {
    items.push_back(list->items[i]);
    return budget->Allocate(sizeof(Value));
  }));
  return MakeList(std::move(items), budget, list->is_tuple);
}

}  // namespace tessera::chat_template
