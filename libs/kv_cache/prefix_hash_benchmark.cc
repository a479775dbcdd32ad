// Time to name one block of as many tokens as the argument says.
//
//   bazel run //libs/kv_cache:prefix_hash_benchmark
#include <vector>

#include "benchmark/benchmark.h"
#include "libs/kv_cache/prefix_hash.h"

namespace tessera::kv_cache {
namespace {

void Next(benchmark::State& state) {
  const int block_tokens = state.range(0);
  PrefixHasher hasher(
      "secret", {.model_fingerprint = "model", .block_tokens = block_tokens});
  const std::vector<int32_t> tokens(block_tokens, 7);
  PrefixDigest last = hasher.root();
  for (auto _ : state) last = hasher.Next(last, tokens);
  benchmark::DoNotOptimize(last);
}

void Root(benchmark::State& state) {
  PrefixHasher hasher("secret",
                      {.model_fingerprint = "model", .block_tokens = 32});
  for (auto _ : state) benchmark::DoNotOptimize(hasher.RootOf("a tenant"));
}

BENCHMARK(Next)->Arg(16)->Arg(32)->Arg(64);
BENCHMARK(Root);

}  // namespace
}  // namespace tessera::kv_cache

BENCHMARK_MAIN();
