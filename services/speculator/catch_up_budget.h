// CatchUpBudget: how many tokens of sequences that are far behind a call
// computes, so that whoever waits for its drafts does not wait long.
//
// As many as fit in the time given, by what a token took of late; at least
// kLeast, so that every sequence gets there.
#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace tessera::speculator {

class CatchUpBudget {
 public:
  static constexpr int64_t kLeast = 16;

  // max_tokens: at least 1, and the larger of it and kLeast is never exceeded.
  CatchUpBudget(int64_t max_tokens, absl::Duration max_time)
      : max_tokens_(max_tokens), max_time_(max_time) {}

  // For a call that has `left` of its time.
  int64_t Tokens(absl::Duration left) const;

  // A pass of `num_tokens` (at least 1), most of them such, took so long.
  void Observe(int64_t num_tokens, absl::Duration duration);

 private:
  const int64_t max_tokens_;
  const absl::Duration max_time_;
  double token_seconds_ = 0;  // 0: not known
};

}  // namespace tessera::speculator
