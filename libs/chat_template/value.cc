#include "libs/chat_template/value.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/utf8.h"

namespace tessera::chat_template {
namespace {

constexpr int kMaxContainerDepth = 64;

absl::StatusOr<int> DepthAround(int depth) {
  if (depth >= kMaxContainerDepth) {
    return absl::ResourceExhaustedError(
        absl::StrCat("a list or dict is nested deeper than ",
                     kMaxContainerDepth, " levels"));
  }
  return depth + 1;
}

bool IsSameKey(const Value& a, const Value& b) {
  if (a.is_text() || b.is_text()) {
    return a.is_text() && b.is_text() && a.text()->bytes() == b.text()->bytes();
  }
  return a.integer() == b.integer();
}

bool CanBeKey(const Value& value) {
  return value.is_text() || value.is_integer() || value.is_bool();
}

template <typename Items>
auto FindKey(Items& items, const Value& key) {
  return std::find_if(items.begin(), items.end(), [&](const auto& item) {
    return CanBeKey(key) && IsSameKey(item.first, key);
  });
}

absl::StatusOr<bool> EqualLists(const List& a, const List& b, Budget* budget) {
  if (a.items.size() != b.items.size() || a.is_tuple != b.is_tuple) {
    return false;
  }
  for (size_t i = 0; i < a.items.size(); ++i) {
    ASSIGN_OR_RETURN(const bool equal, Equal(a.items[i], b.items[i], budget));
    if (!equal) return false;
  }
  return true;
}

absl::StatusOr<bool> EqualDicts(const Dict& a, const Dict& b, Budget* budget) {
  if (a.items.size() != b.items.size()) return false;
  for (const auto& [key, value] : a.items) {
    RETURN_IF_ERROR(budget->Step(1 + b.items.size() / 8));
    const Value* other = b.Find(key);
    if (other == nullptr) return false;
    ASSIGN_OR_RETURN(const bool equal, Equal(value, *other, budget));
    if (!equal) return false;
  }
  return true;
}

absl::StatusOr<std::vector<Value>> Characters(const Text& text,
                                              Budget* budget) {
  absl::string_view bytes = text.bytes();
  std::vector<Value> characters;
  for (size_t i = 0; i < bytes.size();) {
    const size_t end = i + CodePointAt(bytes, i).size;
    ASSIGN_OR_RETURN(Value character, MakeText(text.Part(i, end), budget));
    characters.push_back(std::move(character));
    i = end;
  }
  return characters;
}

}  // namespace

const Value* Dict::Find(absl::string_view key) const {
  for (const auto& [name, value] : items) {
    if (name.is_text() && name.text()->bytes() == key) return &value;
  }
  return nullptr;
}

const Value* Dict::Find(const Value& key) const {
  const auto found = FindKey(items, key);
  return found == items.end() ? nullptr : &found->second;
}

int64_t Value::integer() const {
  if (const bool* b = std::get_if<bool>(&variant_)) return *b;
  CHECK(is_integer());
  return std::get<int64_t>(variant_);
}

double Value::number() const {
  if (const double* d = std::get_if<double>(&variant_)) return *d;
  return static_cast<double>(integer());
}

bool Value::IsTrue() const {
  if (is_undefined() || is_none()) return false;
  if (is_number()) return number() != 0;
  if (text() != nullptr) return !text()->empty();
  if (list() != nullptr) return !list()->items.empty();
  if (dict() != nullptr) return !dict()->items.empty();
  return true;
}

absl::string_view Value::TypeName() const {
  if (is_undefined()) return "undefined";
  if (is_none()) return "None";
  if (is_bool()) return "bool";
  if (is_integer()) return "int";
  if (is_float()) return "float";
  if (is_text()) return "str";
  if (list() != nullptr) return list()->is_tuple ? "tuple" : "list";
  if (is_dict()) return "dict";
  if (name_space() != nullptr) return "namespace";
  return loop() != nullptr ? "loop" : "function";
}

int Value::Depth() const {
  if (list() != nullptr) return list()->depth;
  if (dict() != nullptr) return dict()->depth;
  if (loop() != nullptr) return loop()->items->depth + 1;
  if (callable() != nullptr && callable()->self != nullptr) {
    return callable()->self->Depth() + 1;
  }
  return 0;
}

absl::StatusOr<Value> MakeList(std::vector<Value> items, Budget* budget,
                               bool is_tuple) {
  RETURN_IF_ERROR(budget->Allocate(sizeof(List)));
  RETURN_IF_ERROR(budget->Allocate(sizeof(Value), items.size()));
  int depth = 0;
  for (const Value& item : items) depth = std::max(depth, item.Depth());
  ASSIGN_OR_RETURN(depth, DepthAround(depth));
  return Value(std::shared_ptr<const List>(
      std::make_shared<List>(List{std::move(items), is_tuple, depth})));
}

absl::StatusOr<Value> MakeDict(std::vector<std::pair<Value, Value>> items,
                               Budget* budget) {
  RETURN_IF_ERROR(budget->Allocate(sizeof(Dict)));
  RETURN_IF_ERROR(budget->Allocate(sizeof(items[0]), items.size()));
  auto dict = std::make_shared<Dict>();
  int depth = 0;
  for (auto& [key, value] : items) {
    if (!CanBeKey(key)) {
      return absl::InvalidArgumentError(
          absl::StrCat("a dict's keys must be strs or ints here, not '",
                       key.TypeName(), "'"));
    }
    RETURN_IF_ERROR(budget->Step(1 + dict->items.size() / 8));
    depth = std::max(depth, value.Depth());
    const auto same = FindKey(dict->items, key);
    if (same != dict->items.end()) {
      same->second = std::move(value);
    } else {
      dict->items.emplace_back(std::move(key), std::move(value));
    }
  }
  ASSIGN_OR_RETURN(dict->depth, DepthAround(depth));
  return Value(std::shared_ptr<const Dict>(std::move(dict)));
}

absl::StatusOr<Value> MakeText(Text text, Budget* budget) {
  RETURN_IF_ERROR(budget->Allocate(sizeof(Text) + text.allocated_bytes()));
  return Value::FromText(std::move(text));
}

absl::StatusOr<bool> Equal(const Value& a, const Value& b, Budget* budget) {
  RETURN_IF_ERROR(budget->Step());
  if (a.is_number() && b.is_number()) {
    if (a.is_float() || b.is_float()) return a.number() == b.number();
    return a.integer() == b.integer();
  }
  if (a.text() != nullptr && b.text() != nullptr) {
    RETURN_IF_ERROR(budget->Read(a.text()->size()));
    return a.text()->bytes() == b.text()->bytes();
  }
  if (a.list() != nullptr && b.list() != nullptr) {
    return EqualLists(*a.list(), *b.list(), budget);
  }
  if (a.dict() != nullptr && b.dict() != nullptr) {
    return EqualDicts(*a.dict(), *b.dict(), budget);
  }
  if (a.is_undefined() && b.is_undefined()) return true;
  if (a.is_none() && b.is_none()) return true;
  if (a.variant().index() != b.variant().index()) return false;
  if (a.name_space() != nullptr) return a.name_space() == b.name_space();
  if (a.loop() != nullptr) return a.loop() == b.loop();
  return a.callable() != nullptr && a.callable() == b.callable();
}

absl::StatusOr<bool> Less(const Value& a, const Value& b, Budget* budget) {
  RETURN_IF_ERROR(budget->Step());
  if (a.is_number() && b.is_number()) {
    if (a.is_float() || b.is_float()) return a.number() < b.number();
    return a.integer() < b.integer();
  }
  if (a.text() != nullptr && b.text() != nullptr) {
    RETURN_IF_ERROR(budget->Read(a.text()->size()));
    // UTF-8 keeps the order of code points.
    return a.text()->bytes() < b.text()->bytes();
  }
  if (a.list() != nullptr && b.list() != nullptr &&
      a.list()->is_tuple == b.list()->is_tuple) {
    const std::vector<Value>& x = a.list()->items;
    const std::vector<Value>& y = b.list()->items;
    for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
      ASSIGN_OR_RETURN(const bool equal, Equal(x[i], y[i], budget));
      if (!equal) return Less(x[i], y[i], budget);
    }
    return x.size() < y.size();
  }
  if (a.is_undefined())
    return absl::InvalidArgumentError(*std::get<Undefined>(a.variant()).what);
  if (b.is_undefined())
    return absl::InvalidArgumentError(*std::get<Undefined>(b.variant()).what);
  return absl::InvalidArgumentError(absl::StrCat(
      "'", a.TypeName(), "' and '", b.TypeName(), "' have no order"));
}

absl::StatusOr<std::shared_ptr<const List>> Items(const Value& value,
                                                  Budget* budget) {
  using ListPointer = std::shared_ptr<const List>;
  if (const auto* list = std::get_if<ListPointer>(&value.variant())) {
    return *list;
  }
  std::vector<Value> items;
  if (const Dict* dict = value.dict()) {
    for (const auto& [key, unused] : dict->items) items.push_back(key);
  } else if (const Text* text = value.text()) {
    ASSIGN_OR_RETURN(items, Characters(*text, budget));
  } else if (!value.is_undefined()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", value.TypeName(), "' is not iterable"));
  }
  ASSIGN_OR_RETURN(const Value list, MakeList(std::move(items), budget));
  return std::get<ListPointer>(list.variant());
}

}  // namespace tessera::chat_template
