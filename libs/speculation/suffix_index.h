// SuffixIndex: where a growing text said before what it says now.
//
//   ... the cat sat on the mat . Then the cat sat |
//       |<- 3 ->| ^                   |<-  3  ->| now
//                 the text may go on as it did here
//
// For each length in kMatchLengths, a hash table has the latest place of every
// n-gram. Appending a token looks its n-grams up, which finds the match, and
// puts them in their places, which indexes it: O(1) amortized. What a token
// overwrote is remembered for the last kUndoTokens, so that taking back refused
// tokens is O(1) for each; taking back more builds the index anew.
//
// Memory is linear: 12 bytes a token, and a table of 91 to 183 bytes a token.
// Two n-grams with the same hash cost a match, they never make a false one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "libs/speculation/token_history.h"

namespace tessera::speculation {

// A text goes on at index `next` of another, or of itself, as the
// `match_length` tokens before agree.
struct Match {
  int64_t next = 0;
  int match_length = 0;
};

class SuffixIndex {
 public:
  static constexpr int kUndoTokens = 64;

  void Append(int32_t token);
  void Append(absl::Span<const int32_t> tokens);
  // Keeps the first `num_tokens`, at most size().
  void Truncate(int64_t num_tokens);

  // For the largest of kMatchLengths for which there is one, the latest place
  // where as many tokens agree with the last ones. 0 < next < size().
  std::optional<Match> LongestMatch() const;

  int64_t size() const { return text_.size(); }
  const TokenHistory& text() const { return text_; }

 private:
  // An n-gram's place: the index behind it. `tag` tells those apart that have
  // neighbouring slots; 0 is an empty slot. After Truncate an n-gram may have
  // a slot and no place: end is 0.
  struct Slot {
    uint32_t tag = 0;
    uint32_t end = 0;
  };
  using Ends = std::array<uint32_t, kNumMatchLengths>;

  Slot& FindSlot(uint64_t hash);
  void IndexToken(int64_t index);
  void Undo(int64_t index);
  void Rebuild(int64_t num_tokens);
  bool HasRoomFor(int64_t num_tokens) const;

  TokenHistory text_;
  std::vector<Slot> slots_;  // a power of two, or none
  int64_t num_used_ = 0;
  // [kUndoTokens]: of the token at index i, at i modulo kUndoTokens: the places
  // that the n-grams that end with it had before.
  std::vector<Ends> previous_;
  int64_t first_recorded_ = 0;  // index of the first token in previous_
};

}  // namespace tessera::speculation
