#include "libs/sampling/token_counts.h"

#include "libs/base/check.h"

namespace tessera::sampling {

void TokenCounts::RemoveGenerated(int32_t token) {
  Entry& entry = At(token);
  CHECK(entry.num_generated > 0) << "token " << token << " was not generated";
  --entry.num_generated;
}

TokenCounts::Entry& TokenCounts::At(int32_t token) {
  const auto [it, added] = index_.try_emplace(token, entries_.size());
  if (added) entries_.push_back({token, 0, false});
  return entries_[it->second];
}

}  // namespace tessera::sampling
