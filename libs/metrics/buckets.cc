#include "libs/metrics/metrics.h"

namespace tessera::metrics {

absl::Span<const double> TimeToFirstTokenBuckets() {
  static constexpr double kBuckets[] = {.001, .005, .01, .02, .04, .06, .08, .1,
                                        .25,  .5,   .75, 1,   2.5, 5,   7.5, 10,
                                        20,   40,   80,  160, 640, 2560};
  return kBuckets;
}

absl::Span<const double> InterTokenBuckets() {
  static constexpr double kBuckets[] = {.001, .0025, .005, .01, .025, .05,
                                        .075, .1,    .15,  .2,  .3,   .4,
                                        .5,   .75,   1,    2.5, 5,    10};
  return kBuckets;
}

absl::Span<const double> RequestLatencyBuckets() {
  static constexpr double kBuckets[] = {.3, .5, .8, 1,  1.5, 2,   2.5, 5,  10,
                                        15, 20, 30, 60, 120, 240, 480, 960};
  return kBuckets;
}

}  // namespace tessera::metrics
