// DraftMetrics: how drafts fare, by source and by position in the draft, under
// the names of vLLM's spec_decode metrics.
#pragma once

#include <array>
#include <string>

#include "libs/metrics/metrics.h"
#include "libs/speculation/draft_source.h"

namespace tessera::verifier {

class DraftMetrics {
 public:
  // Each has the labels model_name and source. `registry` outlives it.
  DraftMetrics(metrics::Registry* registry, const std::string& model_name);

  // A draft of `num_drafted` tokens was verified; the first `num_accepted` were
  // kept.
  void Verified(speculation::DraftSource source, int num_drafted,
                int num_accepted);

 private:
  // Positions from the last one on count together.
  static constexpr int kNumPositions = 17;
  struct Position {
    metrics::Counter* drafted;
    metrics::Counter* accepted;
  };
  struct Source {
    metrics::Counter* drafts;
    metrics::Counter* drafted;
    metrics::Counter* accepted;
    std::array<Position, kNumPositions> positions;
  };

  static Source Register(metrics::Registry* registry,
                         const std::string& model_name,
                         const std::string& source);

  std::array<Source, 3> sources_;  // by DraftSource
};

}  // namespace tessera::verifier
