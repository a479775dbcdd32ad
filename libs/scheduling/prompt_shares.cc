#include "libs/scheduling/prompt_shares.h"

#include <algorithm>
#include <numeric>

namespace tessera::scheduling {

std::vector<int64_t> SharePromptBudget(int64_t budget,
                                       absl::Span<const int64_t> num_left) {
  std::vector<int64_t> shares(num_left.size());
  const auto give = [&](size_t index, int64_t most) {
    const int64_t share = std::min(most, num_left[index] - shares[index]);
    shares[index] += share;
    budget -= share;
  };
  if (!num_left.empty()) give(0, (budget + 1) / 2);

  std::vector<size_t> shortest_first(num_left.size());
  std::iota(shortest_first.begin(), shortest_first.end(), 0);
  std::stable_sort(
      shortest_first.begin(), shortest_first.end(),
      [&](size_t a, size_t b) { return num_left[a] < num_left[b]; });
  for (const size_t index : shortest_first) give(index, budget);
  return shares;
}

}  // namespace tessera::scheduling
