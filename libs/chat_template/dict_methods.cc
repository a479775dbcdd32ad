#include <utility>
#include <vector>

#include "libs/base/status_macros.h"
#include "libs/chat_template/builtin.h"

namespace tessera::chat_template {
namespace {

// A method is found by the type of its object: here a dict always.
const Dict& Self(const Call& call) { return *call.self().dict(); }

absl::StatusOr<Value> Get(const Call& call) {
  RETURN_IF_ERROR(call.budget()->Step(1 + Self(call).items.size() / 8));
  if (const Value* found = Self(call).Find(*call.Get(0))) return *found;
  return call.Get(1) == nullptr ? Value() : *call.Get(1);
}

absl::StatusOr<Value> Keys(const Call& call) {
  ASSIGN_OR_RETURN(const auto keys, Items(call.self(), call.budget()));
  return Value(keys);
}

absl::StatusOr<Value> Values(const Call& call) {
  std::vector<Value> values;
  for (const auto& [key, value] : Self(call).items) values.push_back(value);
  return MakeList(std::move(values), call.budget());
}

absl::StatusOr<Value> Pairs(const Call& call) {
  return Invoke(*FindFilter("items"), call.self(), {}, call.budget());
}

absl::StatusOr<Value> Copy(const Call& call) { return call.self(); }

constexpr Builtin kDictMethods[] = {
    {"get", Get, "key,default", 1},
    {"keys", Keys},
    {"values", Values},
    {"items", Pairs},
    {"copy", Copy},
};

}  // namespace

absl::Span<const Builtin> DictMethods() { return kDictMethods; }

}  // namespace tessera::chat_template
