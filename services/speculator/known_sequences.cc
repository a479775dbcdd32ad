#include "services/speculator/known_sequences.h"

#include <algorithm>

#include "libs/base/check.h"

namespace tessera::speculator {

KnownSequences::KnownSequences(int max_sequences, int64_t max_tokens,
                               std::function<void(SequenceId)> forget)
    : max_sequences_(max_sequences),
      max_tokens_(max_tokens),
      forget_(std::move(forget)) {}

KnownSequences::Sequence* KnownSequences::FindOrAdd(const Key& key) {
  const auto found = sequences_.find(key);
  if (found != sequences_.end()) {
    by_use_.splice(by_use_.end(), by_use_, found->second);
  } else {
    by_use_.push_back({.key = key, .id = next_id_++});
    sequences_[key] = std::prev(by_use_.end());
  }
  Sequence* sequence = &by_use_.back();
  sequence->last_call = call_;
  ForgetOldest();
  return sequence;
}

void KnownSequences::Truncate(Sequence* sequence, int64_t num_tokens) {
  num_tokens_ -= sequence->tokens.size() - num_tokens;
  sequence->tokens.resize(num_tokens);
  if (sequence->num_sampled > num_tokens) sequence->sampler.reset();
}

KnownSequences::Told KnownSequences::Tell(const Key& key,
                                          int64_t first_position,
                                          uint64_t prefix_digest,
                                          absl::Span<const int32_t> tokens) {
  CHECK(first_position >= 0) << first_position;
  Sequence* sequence = FindOrAdd(key);
  const int64_t num_known = sequence->tokens.size();
  if (num_known < first_position) return {.need_from = num_known};
  const absl::Span<const int32_t> prefix =
      absl::MakeConstSpan(sequence->tokens).first(first_position);
  const uint64_t digest = num_known == first_position
                              ? sequence->digest
                              : ExtendDigest(kEmptyDigest, prefix);
  if (digest != prefix_digest) return {.need_from = 0};
  // Told again, the same tokens stay, and what was made of them.
  const absl::Span<const int32_t> rest =
      absl::MakeConstSpan(sequence->tokens).subspan(first_position);
  const size_t num_compared = std::min(rest.size(), tokens.size());
  const int64_t num_same =
      std::mismatch(rest.begin(), rest.begin() + num_compared, tokens.begin())
          .first -
      rest.begin();
  Truncate(sequence, first_position + num_same);
  sequence->tokens.insert(sequence->tokens.end(), tokens.begin() + num_same,
                          tokens.end());
  sequence->digest = ExtendDigest(digest, tokens);
  num_tokens_ += tokens.size() - num_same;
  ForgetOldest();
  return {.sequence = sequence};
}

void KnownSequences::Forget(const Key& key) {
  const auto found = sequences_.find(key);
  if (found == sequences_.end()) return;
  forget_(found->second->id);
  num_tokens_ -= found->second->tokens.size();
  by_use_.erase(found->second);
  sequences_.erase(found);
}

void KnownSequences::ForgetOldest() {
  while ((num_sequences() > max_sequences_ || num_tokens_ > max_tokens_) &&
         by_use_.front().last_call != call_) {
    Forget(by_use_.front().key);
  }
}

}  // namespace tessera::speculator
