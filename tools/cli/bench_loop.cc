#include "tools/cli/bench_loop.h"

#include <chrono>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace tessera::cli {
namespace {

// One repetition of a test of one token takes 2 ms: too short to bring a core
// to its speed and the second thread back from its sleep.
constexpr int kWarmUpTokens = 64;

std::vector<int32_t> DrawTokens(int count, int vocab_size, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<int32_t> tokens(count);
  for (int32_t& token : tokens) {
    token = static_cast<int32_t>(random() % vocab_size);
  }
  return tokens;
}

absl::Status RunOnce(const BenchTest& test, absl::Span<const int32_t> tokens,
                     SequenceModel* model) {
  if (test.num_prompt > 0 && test.all_logits) {
    return model->ExtendAndScore(tokens,
                                 [](int64_t, absl::Span<const float>) {});
  }
  if (test.num_prompt > 0) return model->Extend(tokens).status();
  for (const int32_t token : tokens) {
    RETURN_IF_ERROR(model->Extend({token}).status());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<BenchResult> RunBenchTest(const BenchTest& test, int repetitions,
                                         SequenceModel* model,
                                         absl::FunctionRef<void()> on_warm) {
  using Clock = std::chrono::steady_clock;
  const int num_tokens = test.num_prompt + test.num_generated;
  if (int64_t{test.depth} + num_tokens > model->context_len()) {
    return absl::InvalidArgumentError(
        absl::StrCat(num_tokens, " tokens after ", test.depth,
                     " do not fit the context of ", model->context_len()));
  }
  const std::vector<int32_t> tokens =
      DrawTokens(num_tokens, model->vocab_size(), 1);
  model->Truncate(0);
  if (test.depth > 0) {
    RETURN_IF_ERROR(
        model->Extend(DrawTokens(test.depth, model->vocab_size(), 2)).status());
  }
  BenchResult result = {.num_prompt = test.num_prompt,
                        .num_generated = test.num_generated,
                        .depth = test.depth};
  const auto run = [&]() -> absl::Status {
    model->Truncate(test.depth);
    return RunOnce(test, tokens, model);
  };
  for (int warm = 0; warm < kWarmUpTokens; warm += num_tokens) {
    RETURN_IF_ERROR(run());
  }
  on_warm();
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    const Clock::time_point start = Clock::now();
    RETURN_IF_ERROR(run());
    const std::chrono::nanoseconds time = Clock::now() - start;
    result.samples_ns.push_back(time.count());
  }
  return result;
}

}  // namespace tessera::cli
