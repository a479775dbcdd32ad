// What drafting costs: speculator_benchmark MODEL [THREADS]
//
// For 1, 4, 16 and 64 sequences of 256 tokens: milliseconds of a step (one
// token for each) and what a call takes beyond its steps; then tokens a second
// of catching up.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "libs/base/check.h"
#include "services/speculator/load_speculator.h"

namespace tessera::speculator {
namespace {

constexpr int kPromptTokens = 256;
constexpr int kDraftTokens = 8;
constexpr int kCalls = 20;

struct Bench {
  Speculator* speculator;
  std::vector<std::vector<int32_t>> known;
  SequenceId first_id = 0;

  DraftTimes Call(int max_tokens, std::vector<Draft>* drafts) {
    std::vector<DraftRequest> requests;
    for (size_t i = 0; i < known.size(); ++i) {
      requests.push_back({.sequence = first_id + i,
                          .tokens = known[i],
                          .max_tokens = max_tokens});
    }
    DraftTimes times;
    const absl::Status status =
        speculator->Propose(requests, absl::InfiniteFuture(), drafts, &times);
    CHECK(status.ok()) << status;
    return times;
  }
};

bool IsBehind(const Draft& draft) { return draft.num_behind > 0; }

void Run(Speculator* speculator, int num_sequences) {
  Bench bench = {speculator, {}, static_cast<SequenceId>(num_sequences) * 1000};
  for (int i = 0; i < num_sequences; ++i) {
    std::vector<int32_t> tokens(kPromptTokens);
    for (int j = 0; j < kPromptTokens; ++j) {
      tokens[j] = (num_sequences * 7919 + i * 997 + j * 31) % 1000;
    }
    bench.known.push_back(std::move(tokens));
  }
  std::vector<Draft> drafts;
  int64_t num_tokens = 0;
  absl::Duration catch_up;
  do {
    const DraftTimes times = bench.Call(0, &drafts);
    num_tokens += times.num_catch_up_tokens;
    catch_up += times.catch_up;
  } while (std::any_of(drafts.begin(), drafts.end(), IsBehind));
  std::vector<double> steps, overheads;
  for (int call = 0; call < kCalls; ++call) {
    const DraftTimes times = bench.Call(kDraftTokens, &drafts);
    for (const DraftStep& step : times.steps) {
      steps.push_back(absl::ToDoubleMilliseconds(step.duration));
    }
    overheads.push_back(absl::ToDoubleMicroseconds(times.overhead));
    for (size_t i = 0; i < drafts.size(); ++i) {
      bench.known[i].insert(bench.known[i].end(), drafts[i].tokens.begin(),
                            drafts[i].tokens.end());
    }
  }
  std::sort(steps.begin(), steps.end());
  std::sort(overheads.begin(), overheads.end());
  CHECK(!steps.empty());
  std::cout << absl::StrFormat(
      "%3d sequences: %.2f ms a step, %.0f us a call besides, %.0f tokens a "
      "second caught up\n",
      num_sequences, steps[steps.size() / 2], overheads[overheads.size() / 2],
      num_tokens / absl::ToDoubleSeconds(catch_up));
}

}  // namespace
}  // namespace tessera::speculator

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: speculator_benchmark MODEL [THREADS]\n";
    return 2;
  }
  tessera::metrics::Registry registry;
  tessera::model::ModelOptions options;
  if (argc > 2) options.team.num_threads = std::atoi(argv[2]);
  auto loaded =
      tessera::speculator::LoadOwnSpeculator(argv[1], options, {}, &registry);
  if (!loaded.ok()) {
    std::cerr << loaded.status() << "\n";
    return 1;
  }
  for (const int num_sequences : {1, 4, 16, 64}) {
    tessera::speculator::Run(loaded->speculator.get(), num_sequences);
  }
  return 0;
}
