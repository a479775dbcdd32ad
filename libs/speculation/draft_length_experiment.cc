// What DraftLength makes of drafts of several qualities, in simulated time:
// prints README.md's table.
//
//   bazel run //libs/speculation:draft_length_experiment
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "libs/speculation/simulated_batch.h"

namespace tessera::speculation {
namespace {

const DraftCandidate kText = {KindOfText({.match_length = 4}), 16};
const DraftCandidate kModel = {KindOfDraftModel(), 16};
constexpr int kSteps = 1000;
constexpr int kSeeds = 10;

using Batch = std::vector<SimulatedSequence>;

Batch Steady(int num_sequences, const DraftCandidate& candidate, double rate) {
  return Batch(num_sequences, {{candidate}, [rate](DraftSource, int, int64_t) {
                                 return rate;
                               }});
}

// Every fourth sequence repeats its text, every third is drafted well.
Batch Mixed(int num_sequences) {
  Batch batch;
  for (int i = 0; i < num_sequences; ++i) {
    batch.push_back({{kText, kModel}, [i](DraftSource source, int, int64_t) {
                       if (source == DraftSource::kText) {
                         return i % 4 == 3 ? 0.9 : 0.1;
                       }
                       return i % 3 == 2 ? 0.7 : 0.3;
                     }});
  }
  return batch;
}

double Adaptive(const Batch& sequences) {
  double sum = 0;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    SimulatedBatch batch(sequences, {}, seed);
    batch.Run(kSteps);
    sum += batch.Speedup();
  }
  return sum / kSeeds;
}

double BestFixed(const Batch& sequences) {
  double best = 1;
  for (int length = 1; length <= 16; ++length) {
    SimulatedBatch batch(sequences, {}, 1);
    batch.RunFixed(kSteps, length);
    best = std::max(best, batch.Speedup());
  }
  return best;
}

std::string Cell(const Batch& sequences) {
  char cell[64];
  std::snprintf(cell, sizeof(cell), "%.2f / %.2f", Adaptive(sequences),
                BestFixed(sequences));
  return cell;
}

int Main() {
  std::printf(
      "| batch | text 0 | model 0 | text 0.8 | text 1 | model 0.8 | model 1 | "
      "mixed |\n|---|---|---|---|---|---|---|---|\n");
  for (const int n : {1, 2, 4, 8, 16, 64}) {
    std::printf("| %d | %.3f | %.3f | %s | %s | %s | %s | %.2f |\n", n,
                Adaptive(Steady(n, kText, 0)), Adaptive(Steady(n, kModel, 0)),
                Cell(Steady(n, kText, 0.8)).c_str(),
                Cell(Steady(n, kText, 1)).c_str(),
                Cell(Steady(n, kModel, 0.8)).c_str(),
                Cell(Steady(n, kModel, 1)).c_str(), Adaptive(Mixed(n)));
  }
  return 0;
}

}  // namespace
}  // namespace tessera::speculation

int main() { return tessera::speculation::Main(); }
