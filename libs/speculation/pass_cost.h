// PassCost: how long a forward pass takes as a function of its number of
// tokens, learned from passes as they come.
//
//   log seconds(n) = level + shape(n) + noise
//
// The level moves fast (a longer context, a busier machine), the shape slowly,
// so that what is compared, passes of one size with those of another, stays
// right while all of them become slower. Each pass corrects both in proportion
// to how uncertain they are (a Kalman filter without covariances). The shape is
// known at a few sizes; between them seconds are straight. Behind many passes
// of one size another of them tells of the level alone: were they to move the
// shape too, slow ones now and then would drive the size apart from those that
// do not come up, and drafts, after a long time without, would look dear for
// ever.
//
// A pass can be slow for many reasons and fast for one only: a pass slower than
// expected moves the estimate by at most kMaxSlower, one faster by three
// deviations. An estimate that passes keep contradicting moves ever faster.
//
// Deterministic: it has no clock. O(1).
#pragma once

#include <array>
#include <cstdint>

#include "absl/time/time.h"

namespace tessera::speculation {

class PassCost {
 public:
  // num_tokens at least 1; durations of 0 or less are ignored.
  void Observe(int64_t num_tokens, absl::Duration duration);

  // Anything was observed: before that Seconds is meaningless, and a CHECK.
  bool is_known() const { return is_known_; }

  // Never falls as num_tokens (at least 1) grows. Beyond the largest size it
  // knows, in proportion.
  double Seconds(int64_t num_tokens) const;

  // The same curve, less certain: a beginning for passes of another kind.
  PassCost LessCertain() const;

 private:
  static constexpr int kNumSizes = 20;
  static constexpr std::array<int64_t, kNumSizes> kSizes = {
      1,  2,  3,  4,   6,   8,   12,  16,  24,  32,
      48, 64, 96, 128, 192, 256, 384, 512, 768, 1024};

  struct Estimate {
    double mean = 0;
    double variance = 0;
  };
  // n lies between sizes `below` and below + 1, at `share` of the way.
  struct Between {
    int below;
    double share;
  };
  static Between Locate(int64_t num_tokens);
  double ShapeAt(const Between& at) const;
  void StartAt(double log_seconds, int64_t num_tokens);
  void Correct(double log_seconds, int64_t num_tokens);
  // How many passes of so many tokens there were without another in between.
  int CountRun(int64_t num_tokens);
  void AddUncertainty();
  void MakeMonotone();

  bool is_known_ = false;
  int64_t run_tokens_ = 0;  // of each of the latest passes,
  int run_length_ = 0;      // so many of them, counted up to a bound
  Estimate level_;
  std::array<Estimate, kNumSizes> shape_;
  std::array<double, kNumSizes> seconds_ = {};  // of each size, monotone
};

}  // namespace tessera::speculation
