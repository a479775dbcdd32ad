// Time of an operation on one block of a tree of as many blocks as the
// argument says, in conversations of 64 blocks below stems of 32.
//
//   bazel run //libs/kv_cache:prefix_tree_benchmark
#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "benchmark/benchmark.h"
#include "libs/kv_cache/prefix_tree.h"

namespace tessera::kv_cache {
namespace {

constexpr int kBlockTokens = 32;
constexpr int kStemBlocks = 32;
constexpr int kPathBlocks = 64;
using Tokens = std::vector<int32_t>;

// The tree of one benchmark: its pool's memory is never written.
class Cache {
 public:
  explicit Cache(int num_blocks)
      : pool_(*BlockPool::Create({kBlockTokens, 1, 64}, num_blocks)),
        tree_(*pool_) {
    while (pool_->num_free() >= kPathBlocks) {
      paths_.push_back(NewPath());
      Insert(paths_.back());
    }
  }

  // One of four stems, and tokens never seen before.
  Tokens NewPath() {
    Tokens tokens(kPathBlocks * kBlockTokens);
    const int stem = random_() % 4;
    for (int i = 0; i < tokens.size(); ++i) {
      tokens[i] =
          i < kStemBlocks * kBlockTokens ? stem * 7 + i % 5 : random_() % 50000;
    }
    return tokens;
  }

  void Insert(const Tokens& tokens) {
    PrefixTree::Place place = {""};
    for (size_t i = 0; i < tokens.size(); i += kBlockTokens) {
      if (pool_->num_free() == 0) tree_.EvictOne();
      const BlockId block = *pool_->Allocate();
      place.below = tree_.Insert(
          place, absl::MakeConstSpan(tokens).subspan(i, kBlockTokens), block);
      pool_->Unref(block);
    }
  }

  PrefixTree& tree() { return tree_; }
  const Tokens& AnyPath() { return paths_[random_() % paths_.size()]; }

 private:
  std::mt19937_64 random_{1};
  std::unique_ptr<BlockPool> pool_;
  PrefixTree tree_;
  std::vector<Tokens> paths_;
};

void SetTimePerBlock(benchmark::State& state, double num_blocks) {
  state.counters["time/block"] = benchmark::Counter(
      num_blocks, benchmark::Counter::kIsIterationInvariantRate |
                      benchmark::Counter::kInvert);
}

void Match(benchmark::State& state) {
  Cache cache(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache.tree().Find({""}, cache.AnyPath()));
  }
  SetTimePerBlock(state, kPathBlocks);
}

void Miss(benchmark::State& state) {
  Cache cache(state.range(0));
  const Tokens tokens(kPathBlocks * kBlockTokens, 9);
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache.tree().Find({""}, tokens));
  }
}

// Half of the blocks are there already; as many as are new are evicted.
void InsertAndEvict(benchmark::State& state) {
  Cache cache(state.range(0));
  std::vector<Tokens> paths;
  for (int i = 0; i < 1000; ++i) paths.push_back(cache.NewPath());
  size_t next = 0;
  for (auto _ : state) cache.Insert(paths[next++ % paths.size()]);
  SetTimePerBlock(state, kPathBlocks);
}

BENCHMARK(Match)->Arg(1000)->Arg(10000)->Arg(30000);
BENCHMARK(Miss)->Arg(1000)->Arg(10000)->Arg(30000);
BENCHMARK(InsertAndEvict)->Arg(1000)->Arg(10000)->Arg(30000);

}  // namespace
}  // namespace tessera::kv_cache

BENCHMARK_MAIN();
