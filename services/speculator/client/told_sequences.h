// ToldSequences: what a speculator is known to remember, so that a request
// brings the rest alone. One thread at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "services/speculator/client/speculator_client.h"
#include "services/speculator/client/token_digest.h"

namespace tessera::speculator {

class ToldSequences {
 public:
  // Where telling begins: the known tokens from `first_position` on, after
  // those of `prefix_digest`.
  struct Start {
    int64_t first_position = 0;
    uint64_t prefix_digest = kEmptyDigest;
  };
  Start StartOf(SequenceId sequence, absl::Span<const int32_t> known);

  // The speculator answered: it remembers all of `known`.
  void Told(SequenceId sequence, absl::Span<const int32_t> known);
  // It wants to be told from `position` on, or earlier.
  void Needs(SequenceId sequence, int64_t position);
  void Forget(SequenceId sequence) { sequences_.erase(sequence); }

 private:
  struct Sequence {
    std::vector<int32_t> tokens;
    uint64_t digest = kEmptyDigest;  // of all of them

    void Truncate(int64_t num_tokens);
  };

  absl::flat_hash_map<SequenceId, Sequence> sequences_;
};

}  // namespace tessera::speculator
