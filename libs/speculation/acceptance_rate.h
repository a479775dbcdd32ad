// AcceptanceRate: the chance that the next draft token is kept, given that all
// before it in the draft were: by kind of draft and position.
//
// Kinds: a match in the text by its length (kMatchLengths), a prediction by its
// match's, a draft model. Counts are forgotten exponentially, draft by draft.
// A sequence's own counts (AcceptanceHistory) stand on those of all sequences
// (AcceptanceCounts): the less it has of its own at a position, the more it is
// taken to be as others there, and to differ from them as it did at the
// position before.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "libs/speculation/draft_source.h"

namespace tessera::speculation {

// An index below kNumDraftKinds.
inline constexpr int kNumDraftKinds = 13;
int DraftKind(DraftSource source, int match_length);

// Decayed counts of one or all sequences.
class AcceptanceCounts {
 public:
  // Positions 0, 1, 2, 3, 4 to 7, and from 8 on.
  static constexpr int kNumPositions = 6;
  static int PositionClass(int position);

  struct Cell {
    float tried = 0;  // drafts that got so far
    float kept = 0;   // and one token further
  };

  // Weighs what there is of the kind by `keep`, then adds a draft of
  // `num_drafted` tokens whose first `num_accepted` were kept.
  void Record(int kind, double keep, int num_drafted, int num_accepted);
  const Cell& at(int kind, int position_class) const {
    return cells_[kind][position_class];
  }

 private:
  std::array<std::array<Cell, kNumPositions>, kNumDraftKinds> cells_ = {};
};

// Of one sequence; 650 bytes. The caller's, one a sequence.
struct AcceptanceHistory {
  AcceptanceCounts counts;
  int64_t last_draft_step = 0;  // of DraftLength's steps; 0: none yet
  bool last_draft_was_kept = false;
};

// Records in the sequence's own and in everybody's. `num_steps_since` the
// sequence's last draft: the older its counts, the less they weigh now.
void RecordDraft(int kind, int num_drafted, int num_accepted,
                 int64_t num_steps_since, AcceptanceCounts& own,
                 AcceptanceCounts& everybody);

// The expected number of draft tokens kept beyond the first i, less those
// beyond the first i + 1: the product of the chances of positions 0 to i.
// [num_tokens], never rising.
std::vector<double> ExpectedGains(int kind, int num_tokens,
                                  const AcceptanceCounts& own,
                                  const AcceptanceCounts& everybody);

}  // namespace tessera::speculation
