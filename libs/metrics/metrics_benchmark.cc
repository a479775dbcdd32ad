// Time of one update.
//
//   bazel run //libs/metrics:metrics_benchmark
#include "benchmark/benchmark.h"
#include "libs/metrics/metrics.h"

namespace tessera::metrics {
namespace {

Registry& SharedRegistry() {
  static Registry registry;
  return registry;
}

void CounterAdd(benchmark::State& state) {
  Counter& counter = SharedRegistry().AddCounter("a_total", "A.");
  for (auto _ : state) counter.Add();
}

void HistogramObserve(benchmark::State& state) {
  Histogram& histogram =
      SharedRegistry().AddHistogram("h", "H.", TimeToFirstTokenBuckets());
  for (auto _ : state) histogram.Observe(0.3);
}

BENCHMARK(CounterAdd)->Threads(1)->Threads(2);
BENCHMARK(HistogramObserve)->Threads(1)->Threads(2);

}  // namespace
}  // namespace tessera::metrics

BENCHMARK_MAIN();
