// Time of Schedule and Commit, with a token appended to each sequence, for as
// many sequences of 1,000 tokens as the argument says; and of a chunk of 512
// prompt tokens from Add to Remove.
//
//   bazel run //libs/scheduling:scheduler_benchmark
#include <memory>
#include <vector>

#include "benchmark/benchmark.h"
#include "libs/kv_cache/block_pool.h"
#include "libs/scheduling/scheduler.h"

namespace tessera::scheduling {
namespace {

constexpr int kBlockTokens = 32;
constexpr int kPromptTokens = 1000;
// A sequence that has as many tokens starts again.
constexpr int kMaxTokens = 1100;

std::unique_ptr<kv_cache::BlockPool> MakePool() {
  return *kv_cache::BlockPool::Create({kBlockTokens, 1, 64}, 20000);
}

std::unique_ptr<Scheduler> MakeScheduler(kv_cache::BlockPool* pool) {
  return *Scheduler::Create({.max_context = 8192}, pool);
}

std::vector<int32_t> Prompt(int first, int num_tokens) {
  std::vector<int32_t> tokens(num_tokens);
  for (int i = 0; i < num_tokens; ++i) tokens[i] = first * 31 + i % 97;
  return tokens;
}

void RunPrompts(Scheduler& scheduler) {
  while (scheduler.num_prompt_tokens_left() > 0) {
    const auto pass = scheduler.Schedule(absl::UnixEpoch(), 512);
    scheduler.Commit();
    for (const Chunk& chunk : pass) {
      if (chunk.is_last) scheduler.Append(chunk.sequence, 1);
    }
  }
}

void Decode(benchmark::State& state) {
  const auto pool = MakePool();
  const auto scheduler = MakeScheduler(pool.get());
  int next = 0;
  const auto add = [&] {
    *scheduler->Add({Prompt(++next, kPromptTokens)}, absl::UnixEpoch());
  };
  for (int i = 0; i < state.range(0); ++i) add();
  RunPrompts(*scheduler);
  int num_appended = 0;
  for (auto _ : state) {
    if (++num_appended == kMaxTokens - kPromptTokens) {
      state.PauseTiming();
      for (const Chunk& chunk : scheduler->Schedule(absl::UnixEpoch(), 512)) {
        scheduler->Remove(chunk.sequence);
        add();
      }
      RunPrompts(*scheduler);
      num_appended = 0;
      state.ResumeTiming();
    }
    const auto pass = scheduler->Schedule(absl::UnixEpoch(), 512);
    scheduler->Commit();
    for (const Chunk& chunk : pass) scheduler->Append(chunk.sequence, 1);
  }
}

void PromptOf512(benchmark::State& state) {
  const auto pool = MakePool();
  const auto scheduler = MakeScheduler(pool.get());
  int next = 0;
  for (auto _ : state) {
    const SequenceId id =
        *scheduler->Add({Prompt(++next, 512)}, absl::UnixEpoch());
    scheduler->Schedule(absl::UnixEpoch(), 512);
    scheduler->Commit();
    scheduler->Remove(id);
  }
}

BENCHMARK(Decode)->Arg(1)->Arg(16)->Arg(64)->Arg(256)->Unit(
    benchmark::kMicrosecond);
BENCHMARK(PromptOf512)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tessera::scheduling

BENCHMARK_MAIN();
