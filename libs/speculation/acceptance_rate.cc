#include "libs/speculation/acceptance_rate.h"

#include <algorithm>
#include <cmath>

#include "libs/base/check.h"
#include "libs/speculation/token_history.h"

namespace tessera::speculation {
namespace {

using Cell = AcceptanceCounts::Cell;
using Rates = std::array<double, AcceptanceCounts::kNumPositions>;
constexpr int kNumPositions = AcceptanceCounts::kNumPositions;

// Kinds: the text's 0 to 7, predictions' 8 to 11, the draft model's 12.
constexpr int kFirstPredictionKind = kNumMatchLengths;
constexpr int kDraftModelKind = kNumDraftKinds - 1;

// A dozen drafts of a sequence's own count, 500 of everybody's.
constexpr double kKeepOwn = 0.92;
constexpr double kKeepEverybody = 0.998;
constexpr double kKeepOwnAStep = 0.98;

// Drafts that the prior is worth.
constexpr double kFirstPriorWeight = 2;
constexpr double kPriorWeight = 3;

// Of position 0, before anything is known.
constexpr std::array<double, kNumDraftKinds> kPrior = {
    0.15, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85,  // text
    0.7,  0.6, 0.8, 0.9,                       // prediction
    0.6};

double Share(const Cell& cell, double prior, double weight) {
  return (cell.kept + weight * prior) / (cell.tried + weight);
}

double LogOdds(double p) {
  const double bounded = std::clamp(p, 0.002, 0.998);
  return std::log(bounded / (1 - bounded));
}

double FromLogOdds(double x) { return 1 / (1 + std::exp(-x)); }

Rates EverybodysRates(int kind, const AcceptanceCounts& everybody) {
  Rates rates;
  double prior = kPrior[kind];
  for (int i = 0; i < kNumPositions; ++i) {
    rates[i] = Share(everybody.at(kind, i), prior, kFirstPriorWeight);
    prior = rates[i];
  }
  return rates;
}

Rates OwnRates(int kind, const AcceptanceCounts& own, const Rates& everybodys) {
  Rates rates;
  double difference = 0;
  for (int i = 0; i < kNumPositions; ++i) {
    const double prior = FromLogOdds(LogOdds(everybodys[i]) + difference);
    rates[i] = Share(own.at(kind, i), prior, kPriorWeight);
    difference = LogOdds(rates[i]) - LogOdds(everybodys[i]);
  }
  return rates;
}

}  // namespace

int DraftKind(DraftSource source, int match_length) {
  switch (source) {
    case DraftSource::kText: {
      const auto above = std::upper_bound(kMatchLengths.begin(),
                                          kMatchLengths.end(), match_length);
      return std::max<int>(0, above - kMatchLengths.begin() - 1);
    }
    case DraftSource::kPrediction:
      return kFirstPredictionKind + (match_length >= 1) + (match_length >= 4) +
             (match_length >= 16);
    case DraftSource::kDraftModel:
      return kDraftModelKind;
  }
  CHECK(false) << "no such source";
  return 0;
}

int AcceptanceCounts::PositionClass(int position) {
  return position < 4 ? position : position < 8 ? 4 : 5;
}

void AcceptanceCounts::Record(int kind, double keep, int num_drafted,
                              int num_accepted) {
  CHECK(0 <= num_accepted && num_accepted <= num_drafted)
      << num_accepted << " of " << num_drafted;
  for (Cell& cell : cells_[kind]) {
    cell.tried *= keep;
    cell.kept *= keep;
  }
  for (int i = 0; i < num_drafted && i <= num_accepted; ++i) {
    Cell& cell = cells_[kind][PositionClass(i)];
    cell.tried += 1;
    cell.kept += i < num_accepted;
  }
}

void RecordDraft(int kind, int num_drafted, int num_accepted,
                 int64_t num_steps_since, AcceptanceCounts& own,
                 AcceptanceCounts& everybody) {
  const double keep = kKeepOwn * std::pow(kKeepOwnAStep, num_steps_since);
  own.Record(kind, keep, num_drafted, num_accepted);
  everybody.Record(kind, kKeepEverybody, num_drafted, num_accepted);
}

std::vector<double> ExpectedGains(int kind, int num_tokens,
                                  const AcceptanceCounts& own,
                                  const AcceptanceCounts& everybody) {
  const Rates rates = OwnRates(kind, own, EverybodysRates(kind, everybody));
  std::vector<double> gains;
  double product = 1;
  for (int i = 0; i < num_tokens; ++i) {
    product *= rates[AcceptanceCounts::PositionClass(i)];
    gains.push_back(product);
  }
  return gains;
}

}  // namespace tessera::speculation
