// KnownSequences: what callers have told of their sequences, so that a request
// need bring the difference alone.
//
// Bounded in sequences and in tokens; what was told longest ago is forgotten,
// and asked for again when it is missed. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "libs/sampling/sampler.h"
#include "services/speculator/client/speculator_client.h"
#include "services/speculator/client/token_digest.h"

namespace tessera::speculator {

class KnownSequences {
 public:
  struct Key {
    uint64_t client = 0;
    uint64_t sequence = 0;
    bool operator==(const Key& other) const {
      return client == other.client && sequence == other.sequence;
    }
    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.client, key.sequence);
    }
  };

  struct Sequence {
    Key key;
    SequenceId id = 0;  // the speculator's own number
    std::vector<int32_t> tokens;
    uint64_t digest = kEmptyDigest;  // of all tokens
    uint64_t last_call = 0;

    // As of the first num_sampled tokens.
    std::optional<sampling::Sampler> sampler;
    std::string sampler_key;  // what it was made of
    int64_t num_sampled = 0;
  };

  // `forget` is told the id of every sequence that goes.
  KnownSequences(int max_sequences, int64_t max_tokens,
                 std::function<void(SequenceId)> forget);

  // A call begins: the sequences that it tells of are not forgotten by it.
  void BeginCall() { ++call_; }

  // The sequence, as told by its first `first_position` tokens and then
  // `tokens`. Or, where what is known of it disagrees with `prefix_digest` or
  // is shorter: the position from which it should be told (`need_from`).
  struct Told {
    Sequence* sequence = nullptr;  // null: need_from
    int64_t need_from = 0;
  };
  Told Tell(const Key& key, int64_t first_position, uint64_t prefix_digest,
            absl::Span<const int32_t> tokens);

  void Forget(const Key& key);

  int64_t num_sequences() const { return by_use_.size(); }
  int64_t num_tokens() const { return num_tokens_; }

 private:
  using Sequences = std::list<Sequence>;  // the latest told last

  Sequence* FindOrAdd(const Key& key);
  void Truncate(Sequence* sequence, int64_t num_tokens);
  // Until all is within bounds, or only the call's own are left.
  void ForgetOldest();

  const int max_sequences_;
  const int64_t max_tokens_;
  const std::function<void(SequenceId)> forget_;
  Sequences by_use_;
  absl::flat_hash_map<Key, Sequences::iterator> sequences_;
  SequenceId next_id_ = 1;
  uint64_t call_ = 0;
  int64_t num_tokens_ = 0;
};

}  // namespace tessera::speculator
