#include "services/prefix_cache/load_order.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace tessera::prefix_cache {

LoadOrder OrderForLoading(std::vector<DiskEntry> entries) {
  absl::flat_hash_map<Hash, std::vector<size_t>> children;
  std::vector<size_t> order;  // breadth first, so parents first
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].parent == entries[i].root) {
      order.push_back(i);
    } else {
      children[entries[i].parent].push_back(i);
    }
  }
  std::vector<size_t> parent_of(entries.size(), entries.size());
  std::vector<bool> is_reached(entries.size(), false);
  for (size_t at = 0; at < order.size(); ++at) {
    const size_t parent = order[at];
    is_reached[parent] = true;
    const auto it = children.find(entries[parent].hash);
    if (it == children.end()) continue;
    for (const size_t child : it->second) {
      if (entries[child].root != entries[parent].root) continue;
      parent_of[child] = parent;
      order.push_back(child);
    }
  }
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    const size_t parent = parent_of[*it];
    if (parent == entries.size()) continue;
    entries[parent].last_used =
        std::max(entries[parent].last_used, entries[*it].last_used);
  }
  LoadOrder result;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!is_reached[i]) result.unreachable.push_back(entries[i].hash);
  }
  for (const size_t i : order) result.entries.push_back(entries[i]);
  std::stable_sort(result.entries.begin(), result.entries.end(),
                   [](const DiskEntry& a, const DiskEntry& b) {
                     return a.last_used > b.last_used;
                   });
  return result;
}

}  // namespace tessera::prefix_cache
