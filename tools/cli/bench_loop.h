// The timed loops of `tessera bench`.
#pragma once

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "tools/cli/bench_report.h"
#include "tools/cli/sequence_model.h"

namespace tessera::cli {

// One test: `num_prompt` tokens in one prompt, or `num_generated` one by one
// (the other is 0), after `depth` tokens.
struct BenchTest {
  int num_prompt = 0;
  int num_generated = 0;
  int depth = 0;
  // The logits of every prompt token, as verifying drafts needs them; the last
  // one's otherwise.
  bool all_logits = false;
};

// Runs the test unmeasured, until 64 tokens are done, calls on_warm, and then
// runs it `repetitions` times. Tokens are drawn by a fixed generator; the
// `depth` tokens before them are computed once. InvalidArgument: the test does
// not fit the model's context.
absl::StatusOr<BenchResult> RunBenchTest(const BenchTest& test, int repetitions,
                                         SequenceModel* model,
                                         absl::FunctionRef<void()> on_warm);

}  // namespace tessera::cli
