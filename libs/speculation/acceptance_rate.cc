#include "libs/speculation/acceptance_rate.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "libs/base/check.h"

namespace tessera::speculation {
namespace {

using Cell = AcceptanceCounts::Cell;
using Rates = std::array<double, AcceptanceCounts::kNumCells>;
constexpr int kNumCells = AcceptanceCounts::kNumCells;
constexpr int kNumSeries = AcceptanceCounts::kNumSeries;

// Series: the text's 0 to 7, then the predictions' and the draft model's.
constexpr int kPredictionSeries = kNumMatchLengths;
constexpr int kDraftModelSeries = kNumMatchLengths + 1;

// The first position of each cell.
constexpr std::array<int, 6> kPositions = {0, 1, 2, 3, 4, 8};

// A prediction's cells: guesses behind a token that was not predicted, one for
// each ReplacedWord, then these, then those of numbers of words.
constexpr int kNumGuesses = 3;
constexpr int kBehindOneToken = kNumGuesses;
constexpr int kRestOfWord = kNumGuesses + 1;
constexpr int kFirstWordCell = kNumGuesses + 2;
// The first number of each cell. One by one as far as a draft reaches: half the
// cells from 4 to 12 made answers to a text with every tenth word changed 14%
// slower (simulated).
constexpr std::array<int, 16> kWords = {0, 1, 2,  3,  4,  5,  6,  7,
                                        8, 9, 10, 11, 13, 17, 25, 49};
static_assert(kFirstWordCell + kWords.size() == kNumCells);

// A dozen drafts of a sequence's own count, 500 of everybody's.
constexpr double kKeepOwn = 0.92;
constexpr double kKeepEverybody = 0.998;
constexpr double kKeepOwnAStep = 0.98;

// Drafts that the prior is worth.
constexpr double kFirstPriorWeight = 2;
constexpr double kPriorWeight = 3;

// Of cell 0, before anything is known.
constexpr std::array<double, kNumSeries> kPrior = {0.15, 0.3, 0.4,  0.5, 0.6,
                                                   0.7,  0.8, 0.85,  // text
                                                   0.7,  // prediction
                                                   0.6};
// Of a prediction's other guesses, and of each cell behind them up to the first
// of words. Those say nothing about one another.
constexpr double kMarksPrior = 0.5;
constexpr double kAgreedPrior = 0.9;

template <size_t kSize>
int LastNotAbove(const std::array<int, kSize>& firsts, int n) {
  return std::upper_bound(firsts.begin(), firsts.end(), n) - firsts.begin() - 1;
}

double Share(const Cell& cell, double prior, double weight) {
  return (cell.kept + weight * prior) / (cell.tried + weight);
}

double LogOdds(double p) {
  const double bounded = std::clamp(p, 0.002, 0.998);
  return std::log(bounded / (1 - bounded));
}

double FromLogOdds(double x) { return 1 / (1 + std::exp(-x)); }

// Of a cell that does not stand on the one before.
std::optional<double> OwnPrior(int series, int cell) {
  if (cell == 0) return kPrior[series];
  if (series != kPredictionSeries || cell > kFirstWordCell) return std::nullopt;
  return cell < kNumGuesses ? kMarksPrior : kAgreedPrior;
}

// Of a prediction's token, behind so many that agreed, at least one.
int CellBehind(int num_tokens, int num_words, TokenClass token) {
  if (num_tokens == 1) return kBehindOneToken;
  if (token == TokenClass::kRest) return kRestOfWord;
  return kFirstWordCell + LastNotAbove(kWords, num_words);
}

// Of the first `num_cells` cells.
Rates EverybodysRates(int series, int num_cells,
                      const AcceptanceCounts& everybody) {
  Rates rates;
  double prior = 0;
  for (int i = 0; i < num_cells; ++i) {
    prior = OwnPrior(series, i).value_or(prior);
    rates[i] = Share(everybody.at(series, i), prior, kFirstPriorWeight);
    prior = rates[i];
  }
  return rates;
}

Rates OwnRates(int series, int num_cells, const AcceptanceCounts& own,
               const Rates& everybodys) {
  Rates rates;
  double difference = 0;
  for (int i = 0; i < num_cells; ++i) {
    if (OwnPrior(series, i).has_value()) difference = 0;
    const Cell& cell = own.at(series, i);
    // Most sequences of a batch that is not drafted for: logarithms would be
    // most of what choosing takes.
    if (difference == 0 && cell.tried == 0) {
      rates[i] = everybodys[i];
      continue;
    }
    const double base = LogOdds(everybodys[i]);
    rates[i] = Share(cell, FromLogOdds(base + difference), kPriorWeight);
    difference = LogOdds(rates[i]) - base;
  }
  return rates;
}

}  // namespace

DraftKind KindOfText(const Proposal& proposal) {
  return {.source = DraftSource::kText,
          .series =
              std::max(0, LastNotAbove(kMatchLengths, proposal.match_length))};
}

DraftKind KindOfPrediction(const Proposal& proposal) {
  DraftKind kind = {.source = DraftSource::kPrediction,
                    .series = kPredictionSeries};
  kind.cells.reserve(proposal.classes.size());
  int num_words = proposal.match_words;
  int num_tokens = proposal.match_length;
  for (const TokenClass token : proposal.classes) {
    kind.cells.push_back(num_tokens == 0
                             ? static_cast<int>(proposal.replaced)
                             : CellBehind(num_tokens, num_words, token));
    num_words += token == TokenClass::kWord;
    ++num_tokens;
  }
  return kind;
}

DraftKind KindOfDraftModel() {
  return {.source = DraftSource::kDraftModel, .series = kDraftModelSeries};
}

int AcceptanceCounts::CellOf(const DraftKind& kind, int position) {
  return kind.cells.empty() ? LastNotAbove(kPositions, position)
                            : kind.cells[position];
}

void AcceptanceCounts::Record(const DraftKind& kind, double keep,
                              int num_drafted, int num_accepted) {
  CHECK(0 <= num_accepted && num_accepted <= num_drafted)
      << num_accepted << " of " << num_drafted;
  for (Cell& cell : cells_[kind.series]) {
    cell.tried *= keep;
    cell.kept *= keep;
  }
  for (int i = 0; i < num_drafted && i <= num_accepted; ++i) {
    Cell& cell = cells_[kind.series][CellOf(kind, i)];
    cell.tried += 1;
    cell.kept += i < num_accepted;
  }
}

void RecordDraft(const DraftKind& kind, int num_drafted, int num_accepted,
                 int64_t num_steps_since, AcceptanceCounts& own,
                 AcceptanceCounts& everybody) {
  const double keep = kKeepOwn * std::pow(kKeepOwnAStep, num_steps_since);
  own.Record(kind, keep, num_drafted, num_accepted);
  everybody.Record(kind, kKeepEverybody, num_drafted, num_accepted);
}

std::vector<double> ExpectedGains(const DraftKind& kind, int num_tokens,
                                  const AcceptanceCounts& own,
                                  const AcceptanceCounts& everybody) {
  int num_cells = 0;
  for (int i = 0; i < num_tokens; ++i) {
    num_cells = std::max(num_cells, AcceptanceCounts::CellOf(kind, i) + 1);
  }
  const Rates rates =
      OwnRates(kind.series, num_cells, own,
               EverybodysRates(kind.series, num_cells, everybody));
  std::vector<double> gains;
  gains.reserve(num_tokens);
  double product = 1;
  for (int i = 0; i < num_tokens; ++i) {
    product *= rates[AcceptanceCounts::CellOf(kind, i)];
    gains.push_back(product);
  }
  return gains;
}

}  // namespace tessera::speculation
