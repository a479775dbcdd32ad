#include "libs/chat_template/sorting.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/attributes.h"
#include "libs/chat_template/text_functions.h"

namespace tessera::chat_template {
namespace {

// Merges the sorted runs [begin, middle) and [middle, end) of `order`. Its own
// sort, because a comparison may fail.
absl::Status Merge(const std::vector<Value>& keys, bool is_reversed,
                   size_t begin, size_t middle, size_t end, Budget* budget,
                   std::vector<size_t>* order) {
  std::vector<size_t> merged;
  size_t a = begin;
  size_t b = middle;
  while (a < middle && b < end) {
    const Value& left = keys[(*order)[a]];
    const Value& right = keys[(*order)[b]];
    ASSIGN_OR_RETURN(const bool right_first, is_reversed
                                                 ? Less(left, right, budget)
                                                 : Less(right, left, budget));
    merged.push_back((*order)[right_first ? b++ : a++]);
  }
  while (a < middle) merged.push_back((*order)[a++]);
  while (b < end) merged.push_back((*order)[b++]);
  std::copy(merged.begin(), merged.end(), order->begin() + begin);
  return absl::OkStatus();
}

}  // namespace

Value SortKey(const Value& value, bool is_case_sensitive) {
  if (is_case_sensitive || !value.is_text()) return value;
  return Value::FromText(Lower(*value.text()));
}

absl::StatusOr<std::vector<size_t>> SortedIndices(
    const std::vector<Value>& keys, bool is_reversed, Budget* budget) {
  RETURN_IF_ERROR(budget->Allocate(2 * sizeof(size_t), keys.size()));
  std::vector<size_t> order(keys.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (size_t width = 1; width < order.size(); width *= 2) {
    for (size_t begin = 0; begin + width < order.size(); begin += 2 * width) {
      const size_t end = std::min(begin + 2 * width, order.size());
      RETURN_IF_ERROR(
          Merge(keys, is_reversed, begin, begin + width, end, budget, &order));
    }
  }
  return order;
}

absl::StatusOr<Value> GetPath(const Value& value, absl::string_view path,
                              Budget* budget) {
  Value result = value;
  for (const absl::string_view part :
       absl::StrSplit(path, '.', absl::SkipEmpty())) {
    int64_t index = 0;
    const Value key = absl::SimpleAtoi(part, &index)
                          ? Value(index)
                          : Value::FromText(Text(part, Origin::kTemplate));
    ASSIGN_OR_RETURN(result, GetItem(result, key, budget));
  }
  return result;
}

}  // namespace tessera::chat_template
