// StepBudget: how many prompt tokens a pass can take and still be short enough
// for the streams that wait for it.
//
// A pass is predicted to take
//
//   fixed + num_decoding * per_stream + num_prompt_tokens * per_prompt_token
//
// and each pass measured moves the three costs towards it along what the pass
// was made of (normalized least mean squares: Widrow and Hoff 1960). So they
// follow the machine, its load and the depth of the contexts, and passes of one
// kind don't wear out what is known of another: after an hour without prompts
// the next one is cut as well as the last. A pass that took much longer than
// predicted counts as twice the prediction, as one of a machine that paused
// says little about the next; a machine that stays slow is followed within a
// few passes.
//
// One thread at a time.
#pragma once

#include <array>
#include <cstdint>

#include "absl/time/time.h"

namespace tessera::scheduling {

class StepBudget {
 public:
  // `max_pass_tokens` at least 1.
  StepBudget(absl::Duration target_inter_token, int64_t max_pass_tokens);

  // Prompt tokens for a pass beside `num_decoding` single ones: as many as
  // probably keep it within the target, with a tenth to spare. At least 16, and
  // at least one a stream, so that prompts get on however slow the machine is,
  // and a crowd of streams leaves half of each pass to those that wait: held to
  // the target alone, 64 that arrived at once on a busy machine were let in so
  // slowly that few ever ran together. At most max_pass_tokens. With nobody
  // waiting, all of them. Until passes have shown what they cost at most 64,
  // then at most twice the most ever measured.
  int64_t PromptTokens(int num_decoding) const;

  // A pass was computed in `step`.
  void Observe(int num_decoding, int64_t num_prompt_tokens,
               absl::Duration step);

 private:
  // What a pass is made of, each of the order of one.
  using Pass = std::array<double, 3>;
  static Pass MakePass(int num_decoding, int64_t num_prompt_tokens);
  double PredictSeconds(const Pass& pass) const;

  const double target_seconds_;
  const int64_t max_pass_tokens_;
  Pass costs_ = {};  // seconds of each part; never negative
  bool has_observed_ = false;
  int64_t most_prompt_tokens_ = 0;  // of a pass observed
};

}  // namespace tessera::scheduling
