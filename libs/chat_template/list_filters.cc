#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/builtin.h"
#include "libs/chat_template/format.h"
#include "libs/chat_template/operators.h"
#include "libs/chat_template/sorting.h"
#include "libs/chat_template/utf8.h"

namespace tessera::chat_template {
namespace {

using ItemList = std::shared_ptr<const List>;

absl::StatusOr<Value> Length(const Call& call) {
  const Value& self = call.self();
  if (const Text* text = self.text()) {
    RETURN_IF_ERROR(call.budget()->Read(text->size()));
    return Value(static_cast<int64_t>(NumCodePoints(text->bytes())));
  }
  if (const List* list = self.list()) {
    return Value(static_cast<int64_t>(list->items.size()));
  }
  if (const Dict* dict = self.dict()) {
    return Value(static_cast<int64_t>(dict->items.size()));
  }
  if (self.is_undefined()) return Value(int64_t{0});
  return absl::InvalidArgumentError(
      absl::StrCat("'", self.TypeName(), "' has no length"));
}

absl::StatusOr<Value> ToList(const Call& call) {
  ASSIGN_OR_RETURN(const ItemList items, Items(call.self(), call.budget()));
  return MakeList(items->items, call.budget());
}

absl::StatusOr<Value> First(const Call& call) {
  ASSIGN_OR_RETURN(const ItemList items, Items(call.self(), call.budget()));
  if (!items->items.empty()) return items->items.front();
  return Value::UndefinedBecause("No first item, sequence was empty.");
}

absl::StatusOr<Value> Last(const Call& call) {
  ASSIGN_OR_RETURN(const ItemList items, Items(call.self(), call.budget()));
  if (!items->items.empty()) return items->items.back();
  return Value::UndefinedBecause("No last item, sequence was empty.");
}

// The path given as parameter `i`; empty where it was not.
absl::StatusOr<std::string> Path(const Call& call, size_t i) {
  if (!call.Has(i)) return "";
  if (call.Get(i)->is_integer()) return absl::StrCat(call.Get(i)->integer());
  ASSIGN_OR_RETURN(const Text* path, call.TextOf(i));
  return std::string(path->bytes());
}

// join(d="", attribute=none)
absl::StatusOr<Value> Join(const Call& call) {
  Text separator;
  if (call.Has(0)) {
    ASSIGN_OR_RETURN(separator, ToText(*call.Get(0), call.budget()));
  }
  ASSIGN_OR_RETURN(const std::string path, Path(call, 1));
  ASSIGN_OR_RETURN(const ItemList items, Items(call.self(), call.budget()));
  Text joined;
  for (size_t i = 0; i < items->items.size(); ++i) {
    ASSIGN_OR_RETURN(const Value item,
                     GetPath(items->items[i], path, call.budget()));
    ASSIGN_OR_RETURN(const Text text, ToText(item, call.budget()));
    RETURN_IF_ERROR(call.budget()->Allocate(text.allocated_bytes() +
                                            separator.allocated_bytes()));
    if (i > 0) joined.Append(separator);
    joined.Append(text);
  }
  return MakeText(std::move(joined), call.budget());
}

absl::StatusOr<Value> Reverse(const Call& call) {
  ASSIGN_OR_RETURN(const ItemList items, Items(call.self(), call.budget()));
  std::vector<Value> reversed(items->items.rbegin(), items->items.rend());
  if (!call.self().is_text()) {
    return MakeList(std::move(reversed), call.budget());
  }
  Text text;
  for (const Value& character : reversed) text.Append(*character.text());
  return MakeText(std::move(text), call.budget());
}

absl::StatusOr<std::vector<Value>> KeysOf(const std::vector<Value>& items,
                                          absl::string_view path,
                                          bool is_case_sensitive,
                                          Budget* budget) {
  std::vector<Value> keys;
  for (const Value& item : items) {
    ASSIGN_OR_RETURN(const Value key, GetPath(item, path, budget));
    if (key.is_text()) {
      RETURN_IF_ERROR(budget->Allocate(key.text()->allocated_bytes()));
    }
    keys.push_back(SortKey(key, is_case_sensitive));
  }
  return keys;
}

// sort(reverse=false, case_sensitive=false, attribute=none)
absl::StatusOr<Value> Sort(const Call& call) {
  ASSIGN_OR_RETURN(const ItemList items, Items(call.self(), call.budget()));
  ASSIGN_OR_RETURN(const std::string path, Path(call, 2));
  ASSIGN_OR_RETURN(
      const std::vector<Value> keys,
      KeysOf(items->items, path, call.Flag(1, false), call.budget()));
  ASSIGN_OR_RETURN(const std::vector<size_t> order,
                   SortedIndices(keys, call.Flag(0, false), call.budget()));
  std::vector<Value> sorted;
  for (const size_t i : order) sorted.push_back(items->items[i]);
  return MakeList(std::move(sorted), call.budget());
}

absl::StatusOr<Value> ItemPairs(const Call& call) {
  if (call.self().is_undefined()) return MakeList({}, call.budget());
  const Dict* dict = call.self().dict();
  if (dict == nullptr) {
    return absl::InvalidArgumentError(
        "Can only get item pairs from a mapping.");
  }
  std::vector<Value> pairs;
  for (const auto& [key, value] : dict->items) {
    ASSIGN_OR_RETURN(Value pair, MakeList({key, value}, call.budget(), true));
    pairs.push_back(std::move(pair));
  }
  return MakeList(std::move(pairs), call.budget());
}

// dictsort(case_sensitive=false, by="key", reverse=false)
absl::StatusOr<Value> DictSort(const Call& call) {
  ASSIGN_OR_RETURN(const Value pairs, ItemPairs(call));
  bool is_by_value = false;
  if (call.Has(1)) {
    ASSIGN_OR_RETURN(const Text* by, call.TextOf(1));
    is_by_value = by->bytes() == "value";
  }
  const std::vector<Value>& items = pairs.list()->items;
  ASSIGN_OR_RETURN(const std::vector<Value> keys,
                   KeysOf(items, is_by_value ? "1" : "0", call.Flag(0, false),
                          call.budget()));
  ASSIGN_OR_RETURN(const std::vector<size_t> order,
                   SortedIndices(keys, call.Flag(2, false), call.budget()));
  std::vector<Value> sorted;
  for (const size_t i : order) sorted.push_back(items[i]);
  return MakeList(std::move(sorted), call.budget());
}

// unique(case_sensitive=false, attribute=none): the first of equals.
absl::StatusOr<Value> Unique(const Call& call) {
  ASSIGN_OR_RETURN(const ItemList items, Items(call.self(), call.budget()));
  ASSIGN_OR_RETURN(const std::string path, Path(call, 1));
  ASSIGN_OR_RETURN(
      const std::vector<Value> keys,
      KeysOf(items->items, path, call.Flag(0, false), call.budget()));
  std::vector<Value> unique;
  std::vector<size_t> kept;
  for (size_t i = 0; i < keys.size(); ++i) {
    bool is_new = true;
    for (size_t j = 0; is_new && j < kept.size(); ++j) {
      ASSIGN_OR_RETURN(const bool equal,
                       Equal(keys[i], keys[kept[j]], call.budget()));
      is_new = !equal;
    }
    if (!is_new) continue;
    kept.push_back(i);
    unique.push_back(items->items[i]);
  }
  return MakeList(std::move(unique), call.budget());
}

// min and max(case_sensitive=false, attribute=none): the first of equals.
template <bool kIsMax>
absl::StatusOr<Value> Extreme(const Call& call) {
  ASSIGN_OR_RETURN(const ItemList items, Items(call.self(), call.budget()));
  ASSIGN_OR_RETURN(const std::string path, Path(call, 1));
  if (items->items.empty()) {
    return Value::UndefinedBecause("No aggregated item, sequence was empty.");
  }
  ASSIGN_OR_RETURN(
      const std::vector<Value> keys,
      KeysOf(items->items, path, call.Flag(0, false), call.budget()));
  size_t best = 0;
  for (size_t i = 1; i < keys.size(); ++i) {
    ASSIGN_OR_RETURN(const bool is_better,
                     kIsMax ? Less(keys[best], keys[i], call.budget())
                            : Less(keys[i], keys[best], call.budget()));
    if (is_better) best = i;
  }
  return items->items[best];
}

// sum(attribute=none, start=0)
absl::StatusOr<Value> Sum(const Call& call) {
  ASSIGN_OR_RETURN(const ItemList items, Items(call.self(), call.budget()));
  ASSIGN_OR_RETURN(const std::string path, Path(call, 0));
  Value sum = call.Get(1) == nullptr ? Value(int64_t{0}) : *call.Get(1);
  for (const Value& item : items->items) {
    ASSIGN_OR_RETURN(const Value part, GetPath(item, path, call.budget()));
    ASSIGN_OR_RETURN(sum, Compute("+", sum, part, call.budget()));
  }
  return sum;
}

constexpr Builtin kListFilters[] = {
    {"length", Length},
    {"count", Length},
    {"list", ToList},
    {"first", First},
    {"last", Last},
    {"join", Join, "d,attribute"},
    {"reverse", Reverse},
    {"sort", Sort, "reverse,case_sensitive,attribute"},
    {"items", ItemPairs},
    {"dictsort", DictSort, "case_sensitive,by,reverse"},
    {"unique", Unique, "case_sensitive,attribute"},
    {"min", Extreme<false>, "case_sensitive,attribute"},
    {"max", Extreme<true>, "case_sensitive,attribute"},
    {"sum", Sum, "attribute,start"},
};

}  // namespace

absl::Span<const Builtin> ListFilters() { return kListFilters; }

}  // namespace tessera::chat_template
