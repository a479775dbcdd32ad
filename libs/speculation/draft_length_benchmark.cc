// Time to choose the lengths for a batch of as many sequences as the argument
// says, each with a match in its text, a prediction and a draft model of 8
// tokens at most.
//
//   bazel run //libs/speculation:draft_length_benchmark
#include <vector>

#include "benchmark/benchmark.h"
#include "libs/speculation/draft_length.h"

namespace tessera::speculation {
namespace {

void Choose(benchmark::State& state) {
  const int num_sequences = state.range(0);
  DraftLength lengths;
  for (int n = num_sequences; n < num_sequences * 9; ++n) {
    lengths.ObservePass(num_sequences, n, absl::Milliseconds(1 + 0.01 * n));
  }
  const std::vector<DraftCandidate> candidates = {
      {KindOfText({.match_length = 3}), 8},
      {KindOfPrediction(
           {.match_length = 20, .classes = std::vector<TokenClass>(8)}),
       8},
      {KindOfDraftModel(), 8}};
  const std::vector<AcceptanceHistory> histories(num_sequences);
  std::vector<DraftableSequence> batch;
  for (const AcceptanceHistory& history : histories) {
    batch.push_back({&history, candidates});
  }
  for (auto _ : state) benchmark::DoNotOptimize(lengths.Choose(batch, 0));
}

void ObservePass(benchmark::State& state) {
  DraftLength lengths;
  for (auto _ : state) lengths.ObservePass(4, 9, absl::Milliseconds(3));
}

BENCHMARK(Choose)->Arg(1)->Arg(4)->Arg(16)->Arg(64);
BENCHMARK(ObservePass);

}  // namespace
}  // namespace tessera::speculation

BENCHMARK_MAIN();
