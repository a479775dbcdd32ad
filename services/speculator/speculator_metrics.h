// What a speculator tells Prometheus, whichever process it is in.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "libs/metrics/metrics.h"
#include "services/speculator/client/speculator_client.h"
#include "services/speculator/draft_cache.h"

namespace tessera::speculator {

class SpeculatorMetrics {
 public:
  // `registry` outlives this.
  explicit SpeculatorMetrics(metrics::Registry* registry);

  // A call of Propose, and what came of it.
  void Call(const absl::Status& status, const std::vector<Draft>& drafts,
            const DraftTimes& times);
  void Cache(const DraftCache& cache);

 private:
  metrics::Counter& calls_;
  metrics::Counter& failed_calls_;
  metrics::Counter& drafts_;
  metrics::Counter& tokens_;
  metrics::Counter& catch_up_tokens_;
  metrics::Counter& catch_up_seconds_;
  metrics::Histogram& step_seconds_;
  metrics::Gauge& sequences_;
  metrics::Gauge& blocks_;
  metrics::Gauge& free_blocks_;
  metrics::Counter& forgotten_;
  int64_t num_forgotten_ = 0;
};

}  // namespace tessera::speculator
