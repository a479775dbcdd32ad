#include "services/speculator/client/told_sequences.h"

#include <algorithm>

namespace tessera::speculator {

void ToldSequences::Sequence::Truncate(int64_t num_tokens) {
  if (num_tokens >= static_cast<int64_t>(tokens.size())) return;
  tokens.resize(num_tokens);
  digest = ExtendDigest(kEmptyDigest, tokens);
}

ToldSequences::Start ToldSequences::StartOf(SequenceId sequence,
                                            absl::Span<const int32_t> known) {
  const auto found = sequences_.find(sequence);
  if (found == sequences_.end()) return {};
  Sequence& told = found->second;
  const size_t size = std::min(told.tokens.size(), known.size());
  told.Truncate(
      std::mismatch(known.begin(), known.begin() + size, told.tokens.begin())
          .first -
      known.begin());
  return {static_cast<int64_t>(told.tokens.size()), told.digest};
}

void ToldSequences::Told(SequenceId sequence, absl::Span<const int32_t> known) {
  const int64_t num_told = StartOf(sequence, known).first_position;
  Sequence& told = sequences_[sequence];
  const absl::Span<const int32_t> rest = known.subspan(num_told);
  told.tokens.insert(told.tokens.end(), rest.begin(), rest.end());
  told.digest = ExtendDigest(told.digest, rest);
}

void ToldSequences::Needs(SequenceId sequence, int64_t position) {
  const auto found = sequences_.find(sequence);
  if (found != sequences_.end()) found->second.Truncate(position);
}

}  // namespace tessera::speculator
