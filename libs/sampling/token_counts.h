// How often each token stands in a sequence: what the penalties look at.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"

namespace tessera::sampling {

class TokenCounts {
 public:
  struct Entry {
    int32_t token;
    int32_t num_generated;
    bool in_prompt;
  };

  void AddPrompt(int32_t token) { At(token).in_prompt = true; }
  void AddGenerated(int32_t token) { ++At(token).num_generated; }
  // Undoes one AddGenerated of the same token.
  void RemoveGenerated(int32_t token);

  // Each token that was ever added, once.
  absl::Span<const Entry> entries() const { return entries_; }

 private:
  Entry& At(int32_t token);

  absl::flat_hash_map<int32_t, size_t> index_;
  std::vector<Entry> entries_;
};

}  // namespace tessera::sampling
