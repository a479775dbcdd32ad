// What is asked of a candidate beside the float oracle.
//
// For scale: llama.cpp on the default model's file, whose activations are
// rounded to 8 bits as ours are, agrees in 98.1% of top tokens and has 0.46%
// more perplexity than float activations.
#pragma once

#include <string>
#include <vector>

#include "tools/accuracy/logit_comparison.h"

namespace tessera::accuracy {

struct AccuracyBounds {
  double perplexity = 0.005;     // at most so far from the oracle's, relative
  double kl_divergence = 0.005;  // nats, mean: less than
  double top1_agreement = 0.98;  // at least
  double near_tie_margin = 0.3;  // see GreedyComparison::Passes
};

// One line for each bound that is missed, with the figure: "mean KL divergence
// 0.00610 is not under 0.005". A figure that is not a number misses.
std::vector<std::string> MissedBounds(const LogitComparison& comparison,
                                      const AccuracyBounds& bounds);

}  // namespace tessera::accuracy
