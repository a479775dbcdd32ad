// VerifierMetrics: what dashboards made for vLLM look for, named tessera_*.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "libs/metrics/metrics.h"
#include "libs/scheduling/scheduler.h"
#include "proto/verifier.pb.h"
#include "services/verifier/drafting/draft_metrics.h"

namespace tessera::verifier {

struct RequestTimes {
  int32_t num_prompt_tokens = 0;
  absl::Duration queue;
  absl::Duration prefill;
  absl::Duration decode;
  absl::Duration end_to_end;
};

class VerifierMetrics {
 public:
  // Each has the label model_name. `registry` outlives it.
  VerifierMetrics(metrics::Registry* registry, const std::string& model_name);

  void FirstToken(absl::Duration since_arrival);
  void NextToken(absl::Duration since_last);
  void GeneratedToken() { generated_tokens_.Add(); }
  void RequestDone(const RequestTimes& times);
  void ChoiceFinished(v1::FinishReason reason);
  void RequestRefused() { refused_.Add(); }
  void RequestCancelled() { cancelled_.Add(); }
  void Step(int64_t num_tokens, absl::Duration time);
  // Gauges, and counters by what changed since the last call. One thread.
  void Scheduler(const scheduling::SchedulerStats& stats);
  void Capacity(int64_t kv_tokens);
  DraftMetrics& drafts() { return drafts_; }

 private:
  VerifierMetrics(metrics::Registry* registry, const std::string& model_name,
                  const metrics::Labels& labels);

  metrics::Gauge& running_;
  metrics::Gauge& waiting_;
  metrics::Gauge& kv_usage_;
  metrics::Gauge& kv_cached_blocks_;
  metrics::Gauge& kv_capacity_;
  metrics::Counter& prefix_queries_;
  metrics::Counter& prefix_hits_;
  metrics::Counter& preemptions_;
  metrics::Counter& prompt_tokens_;
  metrics::Counter& generated_tokens_;
  metrics::Counter& stopped_;
  metrics::Counter& full_;
  metrics::Counter& refused_;
  metrics::Counter& cancelled_;
  metrics::Histogram& time_to_first_token_;
  metrics::Histogram& inter_token_;
  metrics::Histogram& end_to_end_;
  metrics::Histogram& queue_;
  metrics::Histogram& prefill_;
  metrics::Histogram& decode_;
  metrics::Histogram& step_tokens_;
  metrics::Histogram& step_time_;
  DraftMetrics drafts_;
  scheduling::SchedulerStats last_;
};

}  // namespace tessera::verifier
