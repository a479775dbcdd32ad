#include "tools/accuracy/bounds.h"

#include <cmath>

#include "absl/strings/str_format.h"

namespace tessera::accuracy {

std::vector<std::string> MissedBounds(const LogitComparison& comparison,
                                      const AccuracyBounds& bounds) {
  std::vector<std::string> missed;
  const double excess = comparison.PerplexityExcess();
  if (!(std::fabs(excess) <= bounds.perplexity)) {
    missed.push_back(absl::StrFormat(
        "perplexity %+.3f%% from the oracle's is not within %g%%", 100 * excess,
        100 * bounds.perplexity));
  }
  const double kl = comparison.MeanKlDivergence();
  if (!(kl < bounds.kl_divergence)) {
    missed.push_back(absl::StrFormat("mean KL divergence %.5f is not under %g",
                                     kl, bounds.kl_divergence));
  }
  const double agreement = comparison.Top1Agreement();
  if (!(agreement >= bounds.top1_agreement)) {
    missed.push_back(
        absl::StrFormat("top-1 agreement %.2f%% is not at least %g%%",
                        100 * agreement, 100 * bounds.top1_agreement));
  }
  return missed;
}

}  // namespace tessera::accuracy
