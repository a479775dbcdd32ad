// map, select, reject, selectattr, rejectattr: filters over filters and tests.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/builtin.h"
#include "libs/chat_template/sorting.h"

namespace tessera::chat_template {
namespace {

// What is applied to each item: a filter or test and its arguments.
struct Applied {
  const Builtin* builtin = nullptr;
  Arguments arguments;
};

// Positional argument `i` names the filter or test, the rest are its arguments.
absl::StatusOr<Applied> TakeApplied(const Call& call, size_t i,
                                    const Builtin* (*find)(absl::string_view)) {
  const std::vector<Value>& given = call.arguments().positional;
  if (!given[i].is_text()) {
    return absl::InvalidArgumentError("wants the name of a filter or test");
  }
  Applied applied;
  const std::string name(given[i].text()->bytes());
  applied.builtin = find(name);
  if (applied.builtin == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("filter or test '", name, "' is not supported"));
  }
  applied.arguments.positional.assign(given.begin() + i + 1, given.end());
  applied.arguments.named = call.arguments().named;
  return applied;
}

// map(attribute="a.b", default=x)
absl::StatusOr<Value> MapAttribute(const Call& call) {
  std::string path;
  const Value* otherwise = nullptr;
  for (const auto& [name, value] : call.arguments().named) {
    if (name == "attribute" && value.is_text()) {
      path = std::string(value.text()->bytes());
    } else if (name == "attribute" && value.is_integer()) {
      path = absl::StrCat(value.integer());
    } else if (name == "default") {
      otherwise = &value;
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("argument '", name, "' is not supported"));
    }
  }
  ASSIGN_OR_RETURN(const auto items, Items(call.self(), call.budget()));
  std::vector<Value> mapped;
  for (const Value& item : items->items) {
    RETURN_IF_ERROR(call.budget()->Allocate(sizeof(Value)));
    ASSIGN_OR_RETURN(Value value, GetPath(item, path, call.budget()));
    if (value.is_undefined() && otherwise != nullptr) value = *otherwise;
    mapped.push_back(std::move(value));
  }
  return MakeList(std::move(mapped), call.budget());
}

absl::StatusOr<Value> Map(const Call& call) {
  // None, too: what is false has no items.
  if (!call.self().IsTrue()) return MakeList({}, call.budget());
  if (call.arguments().positional.empty()) return MapAttribute(call);
  ASSIGN_OR_RETURN(const Applied applied, TakeApplied(call, 0, FindFilter));
  ASSIGN_OR_RETURN(const auto items, Items(call.self(), call.budget()));
  std::vector<Value> mapped;
  for (const Value& item : items->items) {
    RETURN_IF_ERROR(call.budget()->Enter());
    const DepthGuard guard(call.budget());
    ASSIGN_OR_RETURN(Value value, Invoke(*applied.builtin, item,
                                         applied.arguments, call.budget()));
    mapped.push_back(std::move(value));
  }
  return MakeList(std::move(mapped), call.budget());
}

// Keeps the items for which the test (truth, where none is named) says
// `kKept`; with kIsByAttribute the test is of the attribute named first.
template <bool kKept, bool kIsByAttribute>
absl::StatusOr<Value> Select(const Call& call) {
  if (!call.self().IsTrue()) return MakeList({}, call.budget());
  const size_t first = kIsByAttribute ? 1 : 0;
  const std::vector<Value>& given = call.arguments().positional;
  std::string path;
  if (kIsByAttribute) {
    if (given.empty() || !given[0].is_text()) {
      return absl::InvalidArgumentError("wants the name of an attribute");
    }
    path = std::string(given[0].text()->bytes());
  }
  Applied applied;
  if (given.size() > first) {
    ASSIGN_OR_RETURN(applied, TakeApplied(call, first, FindTest));
  }
  ASSIGN_OR_RETURN(const auto items, Items(call.self(), call.budget()));
  std::vector<Value> kept;
  for (const Value& item : items->items) {
    RETURN_IF_ERROR(call.budget()->Step());
    ASSIGN_OR_RETURN(Value value, GetPath(item, path, call.budget()));
    if (applied.builtin != nullptr) {
      ASSIGN_OR_RETURN(value, Invoke(*applied.builtin, value, applied.arguments,
                                     call.budget()));
    }
    if (value.IsTrue() == kKept) kept.push_back(item);
  }
  return MakeList(std::move(kept), call.budget());
}

constexpr Builtin kSelectFilters[] = {
    {"map", Map, "", 0, true},
    {"select", Select<true, false>, "", 0, true},
    {"reject", Select<false, false>, "", 0, true},
    {"selectattr", Select<true, true>, "", 0, true},
    {"rejectattr", Select<false, true>, "", 0, true},
};

}  // namespace

absl::Span<const Builtin> SelectFilters() { return kSelectFilters; }

}  // namespace tessera::chat_template
