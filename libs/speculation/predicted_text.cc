#include "libs/speculation/predicted_text.h"

#include <algorithm>

namespace tessera::speculation {

PredictedText::PredictedText(absl::Span<const int32_t> tokens) {
  text_.Reserve(tokens.size());
  for (const int32_t token : tokens) text_.Append(token);
  for (int i = 0; i < kNumMatchLengths; ++i) {
    for (int64_t end = kMatchLengths[i]; end <= text_.size(); ++end) {
      places_[i].push_back({text_.Hash(end, i), end});
    }
    std::sort(places_[i].begin(), places_[i].end());
  }
}

std::optional<int64_t> PredictedText::FindHash(int length_index, uint64_t hash,
                                               int64_t near) const {
  const std::vector<Place>& places = places_[length_index];
  const auto after =
      std::lower_bound(places.begin(), places.end(), Place{hash, near});
  if (after != places.end() && after->hash == hash) return after->end;
  if (after == places.begin()) return std::nullopt;
  const Place& before = *(after - 1);
  if (before.hash != hash) return std::nullopt;
  return before.end;
}

std::optional<Match> PredictedText::Find(const TokenHistory& answer,
                                         int64_t near) const {
  for (int i = kNumMatchLengths; i-- > 0;) {
    if (kMatchLengths[i] > answer.size()) continue;
    const std::optional<int64_t> end =
        FindHash(i, answer.Hash(answer.size(), i), near);
    if (end.has_value() &&
        NgramsAgree(text_.tokens(), *end, answer.tokens(), answer.size(), i)) {
      return Match{*end, kMatchLengths[i]};
    }
  }
  return std::nullopt;
}

}  // namespace tessera::speculation
