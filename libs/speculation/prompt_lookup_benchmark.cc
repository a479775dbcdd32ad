// Time to append a token to a text of as many tokens as the argument says, and
// to propose 8 tokens.
//
//   bazel run //libs/speculation:prompt_lookup_benchmark
#include <random>
#include <vector>

#include "benchmark/benchmark.h"
#include "libs/speculation/prompt_lookup.h"

namespace tessera::speculation {
namespace {

const TokenClasses kNoClasses;

using Tokens = std::vector<int32_t>;

// Three quarters new tokens of an uneven vocabulary, a quarter copies of up to
// 40 tokens from before.
Tokens Text(int num_tokens) {
  std::mt19937 random(1);
  Tokens text = {0};
  while (text.size() < num_tokens) {
    const int n = 1 + random() % 40;
    const bool copies = random() % 4 == 0;
    int from = random() % text.size();
    for (int i = 0; i < n; ++i) {
      const int32_t fresh = random() % 49152 % (1 + random() % 49152);
      text.push_back(copies ? text[from++] : fresh);
    }
  }
  text.resize(num_tokens);
  return text;
}

void SetTimePerToken(benchmark::State& state, double num_tokens) {
  state.counters["time/token"] = benchmark::Counter(
      num_tokens, benchmark::Counter::kIsIterationInvariantRate |
                      benchmark::Counter::kInvert);
}

void IndexPrompt(benchmark::State& state) {
  const Tokens text = Text(state.range(0));
  for (auto _ : state) {
    PromptLookup lookup(text, {}, &kNoClasses);
    benchmark::DoNotOptimize(lookup.num_tokens());
  }
  SetTimePerToken(state, text.size());
}

// Appends 16 tokens and takes them back.
void AppendAndTruncate(benchmark::State& state, bool with_prediction) {
  const Tokens text = Text(state.range(0) + 16);
  const int64_t n = state.range(0);
  const Tokens prompt(text.begin(), text.begin() + n);
  PromptLookup lookup(prompt, with_prediction ? prompt : Tokens(), &kNoClasses);
  for (auto _ : state) {
    for (int i = 0; i < 16; ++i) lookup.Append(text[n + i]);
    lookup.Truncate(n);
  }
  SetTimePerToken(state, 16);
}

void Propose(benchmark::State& state) {
  Tokens text = Text(state.range(0));
  text.insert(text.end(), text.begin() + 100, text.begin() + 140);
  const PromptLookup lookup(text, {}, &kNoClasses);
  for (auto _ : state) benchmark::DoNotOptimize(lookup.FromText(8));
}

BENCHMARK(IndexPrompt)->Arg(512)->Arg(8192)->Arg(65536);
BENCHMARK_CAPTURE(AppendAndTruncate, text, false)->Arg(8192)->Arg(65536);
BENCHMARK_CAPTURE(AppendAndTruncate, prediction, true)->Arg(8192);
BENCHMARK(Propose)->Arg(8192);

}  // namespace
}  // namespace tessera::speculation

BENCHMARK_MAIN();
