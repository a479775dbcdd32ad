// AcceptanceRate: the chance that the next draft token is kept, given that all
// before it in the draft were. It is counted by series of cells:
// - a match in the text: a series for each match length (kMatchLengths), a cell
//   for each position in the draft;
// - a prediction: one series, with a cell for each number of words that would
//   have agreed by then, those before the draft included, for what is changed
//   in a text comes in lines and words, wherever drafts begin. What goes on
//   with a word has a cell of its own, and so has what stands behind one token
//   that agreed, perhaps by chance. Behind a token that was not predicted there
//   is a cell for each ReplacedWord;
// - a draft model: one series, a cell for each position.
//
// Counts are forgotten exponentially, draft by draft. A sequence's own counts
// (AcceptanceHistory) stand on those of all sequences (AcceptanceCounts): the
// less it has of its own in a cell, the more it is taken to be as others there,
// and to differ from them as it did in the cell before.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "libs/speculation/draft_source.h"
#include "libs/speculation/prompt_lookup.h"
#include "libs/speculation/token_history.h"

namespace tessera::speculation {

struct DraftKind {
  DraftSource source = DraftSource::kText;
  int series = 0;  // below AcceptanceCounts::kNumSeries
  // Of each of its tokens; empty: their positions tell.
  std::vector<uint8_t> cells = {};
};
DraftKind KindOfText(const Proposal& proposal);
DraftKind KindOfPrediction(const Proposal& proposal);
DraftKind KindOfDraftModel();

// Decayed counts of one or all sequences.
class AcceptanceCounts {
 public:
  static constexpr int kNumSeries = kNumMatchLengths + 2;
  static constexpr int kNumCells = 21;  // of a series, at most
  // Of the draft token at `position`, from 0.
  static int CellOf(const DraftKind& kind, int position);

  struct Cell {
    float tried = 0;  // drafts that got so far
    float kept = 0;   // and one token further
  };

  // Weighs what there is of the series by `keep`, then adds a draft of
  // `num_drafted` tokens whose first `num_accepted` were kept.
  void Record(const DraftKind& kind, double keep, int num_drafted,
              int num_accepted);
  const Cell& at(int series, int cell) const { return cells_[series][cell]; }

 private:
  std::array<std::array<Cell, kNumCells>, kNumSeries> cells_ = {};
};

// Of one sequence; 1.7 KB. The caller's, one a sequence.
struct AcceptanceHistory {
  AcceptanceCounts counts;
  int64_t last_draft_step = 0;  // of DraftLength's steps; 0: none yet
  bool last_draft_was_kept = false;
};

// Records in the sequence's own and in everybody's. `num_steps_since` the
// sequence's last draft: the older its counts, the less they weigh now.
void RecordDraft(const DraftKind& kind, int num_drafted, int num_accepted,
                 int64_t num_steps_since, AcceptanceCounts& own,
                 AcceptanceCounts& everybody);

// The expected number of draft tokens kept beyond the first i, less those
// beyond the first i + 1: the product of the chances of positions 0 to i.
// [num_tokens], never rising.
std::vector<double> ExpectedGains(const DraftKind& kind, int num_tokens,
                                  const AcceptanceCounts& own,
                                  const AcceptanceCounts& everybody);

}  // namespace tessera::speculation
