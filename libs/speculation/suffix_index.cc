#include "libs/speculation/suffix_index.h"

#include <algorithm>
#include <limits>

#include "absl/numeric/bits.h"
#include "libs/base/check.h"

namespace tessera::speculation {
namespace {

constexpr int64_t kMinSlots = 256;

// Slots for as many n-grams at seven tenths full.
int64_t NumSlotsFor(int64_t num_tokens) {
  const uint64_t least = num_tokens * kNumMatchLengths * 10 / 7 + 1;
  return std::max<int64_t>(kMinSlots, absl::bit_ceil(least));
}

}  // namespace

SuffixIndex::Slot& SuffixIndex::FindSlot(uint64_t hash) {
  const uint32_t tag = static_cast<uint32_t>(hash) | 1;
  const size_t mask = slots_.size() - 1;
  size_t i = (hash >> 32) & mask;
  while (slots_[i].tag != tag) {
    if (slots_[i].tag == 0) {
      slots_[i].tag = tag;
      ++num_used_;
      break;
    }
    i = (i + 1) & mask;
  }
  return slots_[i];
}

void SuffixIndex::IndexToken(int64_t index) {
  const int64_t end = index + 1;
  Ends& previous = previous_[index % kUndoTokens];
  previous = {};
  for (int i = 0; i < kNumMatchLengths && kMatchLengths[i] <= end; ++i) {
    Slot& slot = FindSlot(text_.Hash(end, i));
    previous[i] = slot.end;
    slot.end = static_cast<uint32_t>(end);
  }
  first_recorded_ = std::max(first_recorded_, end - kUndoTokens);
}

void SuffixIndex::Undo(int64_t index) {
  const int64_t end = index + 1;
  const Ends& previous = previous_[index % kUndoTokens];
  for (int i = 0; i < kNumMatchLengths && kMatchLengths[i] <= end; ++i) {
    FindSlot(text_.Hash(end, i)).end = previous[i];
  }
}

bool SuffixIndex::HasRoomFor(int64_t num_tokens) const {
  return (num_used_ + num_tokens * kNumMatchLengths) * 10 <= slots_.size() * 7;
}

void SuffixIndex::Rebuild(int64_t num_tokens) {
  CHECK(num_tokens < std::numeric_limits<int32_t>::max()) << num_tokens;
  slots_.assign(NumSlotsFor(num_tokens), Slot());
  previous_.resize(kUndoTokens);
  num_used_ = 0;
  first_recorded_ = 0;
  for (int64_t i = 0; i < size(); ++i) IndexToken(i);
}

void SuffixIndex::Append(int32_t token) {
  if (!HasRoomFor(1)) Rebuild(size() + 1);
  text_.Append(token);
  IndexToken(size() - 1);
}

void SuffixIndex::Append(absl::Span<const int32_t> tokens) {
  if (!HasRoomFor(tokens.size())) Rebuild(size() + tokens.size());
  text_.Reserve(size() + tokens.size());
  for (const int32_t token : tokens) Append(token);
}

void SuffixIndex::Truncate(int64_t num_tokens) {
  CHECK(0 <= num_tokens && num_tokens <= size()) << num_tokens;
  // The record of the last token that stays is needed too: it is the match.
  if (num_tokens <= first_recorded_ && num_tokens < size()) {
    text_.Truncate(num_tokens);
    Rebuild(num_tokens);
    return;
  }
  for (int64_t i = size(); i-- > num_tokens;) Undo(i);
  text_.Truncate(num_tokens);
}

std::optional<Match> SuffixIndex::LongestMatch() const {
  if (size() == 0) return std::nullopt;
  const Ends& previous = previous_[(size() - 1) % kUndoTokens];
  for (int i = kNumMatchLengths; i-- > 0;) {
    if (previous[i] != 0 &&
        NgramsAgree(text_.tokens(), previous[i], text_.tokens(), size(), i)) {
      return Match{previous[i], kMatchLengths[i]};
    }
  }
  return std::nullopt;
}

}  // namespace tessera::speculation
