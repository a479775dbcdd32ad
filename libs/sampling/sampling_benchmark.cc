// Time of one call of each kind, over logits shaped like a model's (a few
// likely tokens over a broad tail) and over flat ones (the worst case).
//
//   bazel run //libs/sampling:sampling_benchmark
#include <random>
#include <vector>

#include "benchmark/benchmark.h"
#include "libs/base/check.h"
#include "libs/sampling/logprobs.h"
#include "libs/sampling/sampler.h"

namespace tessera::sampling {
namespace {

std::vector<float> ModelLogits(int size) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 1.8f);
  std::vector<float> logits(size);
  for (float& x : logits) x = normal(random);
  for (int i = 0; i < 20; ++i) logits[random() % size] = 14 - 0.4f * i;
  return logits;
}

std::vector<float> FlatLogits(int size) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 1);
  std::vector<float> logits(size);
  for (float& x : logits) x = normal(random);
  return logits;
}

void Sample(benchmark::State& state, const VocabularyKernels& kernels,
            std::vector<float> (*make)(int), SamplingParameters parameters,
            int prompt_length) {
  const int size = state.range(0);
  const std::vector<float> logits = make(size);
  std::vector<int32_t> prompt;
  for (int i = 0; i < prompt_length; ++i) prompt.push_back(i * 7919 % size);
  const auto sampler = Sampler::Create(parameters, size, prompt, kernels);
  CHECK(sampler.ok()) << sampler.status();
  SamplingScratch scratch;
  int64_t position = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(sampler->Sample(logits, position++, &scratch));
  }
}

void TopLogprobs(benchmark::State& state, const VocabularyKernels& kernels,
                 int num_top) {
  const std::vector<float> logits = ModelLogits(state.range(0));
  SamplingScratch scratch;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        ComputeLogprobs(logits, 7, num_top, &scratch, kernels));
  }
}

void Register(const VocabularyKernels& kernels) {
  const std::string name = kernels.name;
  const auto add = [&](const std::string& what, std::vector<float> (*make)(int),
                       SamplingParameters parameters, int prompt_length = 0) {
    benchmark::RegisterBenchmark((name + "/" + what).c_str(), Sample, kernels,
                                 make, parameters, prompt_length)
        ->Arg(49152)
        ->Unit(benchmark::kMicrosecond);
  };
  add("greedy", ModelLogits, {.temperature = 0});
  add("greedy, penalties, prompt of 4,000", ModelLogits,
      {.temperature = 0, .repetition_penalty = 1.1f}, 4000);
  for (const auto& [shape, make] :
       {std::pair("model", &ModelLogits), std::pair("flat", &FlatLogits)}) {
    const std::string on = std::string(", ") + shape;
    add("temperature 0.8" + on, make, {.temperature = 0.8f});
    add("top_k 40" + on, make, {.top_k = 40});
    add("top_k 4000" + on, make, {.top_k = 4000});
    add("top_p 0.9" + on, make, {.top_p = 0.9f});
    add("top_p 0.999" + on, make, {.top_p = 0.999f});
    add("min_p 0.05" + on, make, {.min_p = 0.05f});
    add("top_k 40, top_p 0.9, min_p 0.05" + on, make,
        {.top_p = 0.9f, .min_p = 0.05f, .top_k = 40});
  }
  for (const int num_top : {0, 5, 20}) {
    benchmark::RegisterBenchmark(
        (name + "/logprobs, top " + std::to_string(num_top)).c_str(),
        TopLogprobs, kernels, num_top)
        ->Arg(49152)
        ->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace
}  // namespace tessera::sampling

int main(int argc, char** argv) {
  const auto list = tessera::sampling::SupportedKernels();
  for (size_t i = 0; i < list.size; ++i) {
    tessera::sampling::Register(*list.kernels[i]);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
