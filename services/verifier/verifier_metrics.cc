#include "services/verifier/verifier_metrics.h"

namespace tessera::verifier {
namespace {

constexpr double kStepTokens[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
constexpr double kStepSeconds[] = {.001, .0025, .005, .01, .02, .03, .04,
                                   .05,  .075,  .1,   .2,  .5,  1,   2.5};

metrics::Labels With(metrics::Labels labels, const char* finished_reason) {
  labels.push_back({"finished_reason", finished_reason});
  return labels;
}

}  // namespace

VerifierMetrics::VerifierMetrics(metrics::Registry* registry,
                                 const std::string& model_name)
    : VerifierMetrics(registry, model_name, {{"model_name", model_name}}) {}

VerifierMetrics::VerifierMetrics(metrics::Registry* registry,
                                 const std::string& model_name,
                                 const metrics::Labels& labels)
    : running_(registry->AddGauge("tessera_num_requests_running",
                                  "Sequences that are being computed.",
                                  labels)),
      waiting_(registry->AddGauge("tessera_num_requests_waiting",
                                  "Sequences that wait to be computed.",
                                  labels)),
      kv_usage_(registry->AddGauge(
          "tessera_kv_cache_usage_perc",
          "Share of the KV blocks held by sequences, 0 to 1.", labels)),
      kv_cached_blocks_(registry->AddGauge(
          "tessera_kv_cached_blocks",
          "KV blocks kept for prompts to come, free to be taken.", labels)),
      kv_capacity_(registry->AddGauge("tessera_kv_capacity_tokens",
                                      "Tokens that the KV cache holds.",
                                      labels)),
      prefix_queries_(registry->AddCounter(
          "tessera_prefix_cache_queries_total",
          "Prompt tokens looked up in the cache.", labels)),
      prefix_hits_(registry->AddCounter("tessera_prefix_cache_hits_total",
                                        "Prompt tokens found in the cache.",
                                        labels)),
      preemptions_(registry->AddCounter(
          "tessera_num_preemptions_total",
          "Times that a sequence lost its blocks to others.", labels)),
      prompt_tokens_(registry->AddCounter("tessera_prompt_tokens_total",
                                          "Prompt tokens processed.", labels)),
      generated_tokens_(registry->AddCounter("tessera_generation_tokens_total",
                                             "Tokens generated.", labels)),
      stopped_(registry->AddCounter("tessera_request_success_total",
                                    "Answers finished.", With(labels, "stop"))),
      full_(registry->AddCounter("tessera_request_success_total",
                                 "Answers finished.", With(labels, "length"))),
      refused_(registry->AddCounter("tessera_requests_refused_total",
                                    "Requests refused: the queue was full.",
                                    labels)),
      cancelled_(registry->AddCounter("tessera_requests_cancelled_total",
                                      "Requests given up by their clients.",
                                      labels)),
      time_to_first_token_(
          registry->AddHistogram("tessera_time_to_first_token_seconds",
                                 "From a request's arrival to its first token.",
                                 metrics::TimeToFirstTokenBuckets(), labels)),
      inter_token_(
          registry->AddHistogram("tessera_inter_token_latency_seconds",
                                 "From a token to the next of its answer.",
                                 metrics::InterTokenBuckets(), labels)),
      end_to_end_(
          registry->AddHistogram("tessera_e2e_request_latency_seconds",
                                 "From a request's arrival to its last token.",
                                 metrics::RequestLatencyBuckets(), labels)),
      queue_(registry->AddHistogram("tessera_request_queue_time_seconds",
                                    "From arrival to admission.",
                                    metrics::RequestLatencyBuckets(), labels)),
      prefill_(registry->AddHistogram("tessera_request_prefill_time_seconds",
                                      "From admission to the first token.",
                                      metrics::RequestLatencyBuckets(),
                                      labels)),
      decode_(registry->AddHistogram("tessera_request_decode_time_seconds",
                                     "From the first token to the last.",
                                     metrics::RequestLatencyBuckets(), labels)),
      step_tokens_(registry->AddHistogram("tessera_step_tokens",
                                          "Tokens of a forward pass.",
                                          kStepTokens, labels)),
      step_time_(registry->AddHistogram("tessera_step_seconds",
                                        "Time of an engine's step.",
                                        kStepSeconds, labels)),
      drafts_(registry, model_name) {}

void VerifierMetrics::FirstToken(absl::Duration since_arrival) {
  time_to_first_token_.Observe(absl::ToDoubleSeconds(since_arrival));
}

void VerifierMetrics::NextToken(absl::Duration since_last) {
  inter_token_.Observe(absl::ToDoubleSeconds(since_last));
}

void VerifierMetrics::RequestDone(const RequestTimes& times) {
  prompt_tokens_.Add(times.num_prompt_tokens);
  queue_.Observe(absl::ToDoubleSeconds(times.queue));
  prefill_.Observe(absl::ToDoubleSeconds(times.prefill));
  decode_.Observe(absl::ToDoubleSeconds(times.decode));
  end_to_end_.Observe(absl::ToDoubleSeconds(times.end_to_end));
}

void VerifierMetrics::ChoiceFinished(v1::FinishReason reason) {
  (reason == v1::STOP ? stopped_ : full_).Add();
}

void VerifierMetrics::Step(int64_t num_tokens, absl::Duration time) {
  step_tokens_.Observe(num_tokens);
  step_time_.Observe(absl::ToDoubleSeconds(time));
}

void VerifierMetrics::Scheduler(const scheduling::SchedulerStats& stats) {
  running_.Set(stats.num_running);
  waiting_.Set(stats.num_waiting);
  kv_usage_.Set(static_cast<double>(stats.num_blocks_in_use) /
                stats.num_blocks);
  kv_cached_blocks_.Set(stats.num_blocks_cached);
  preemptions_.Add(stats.num_preemptions - last_.num_preemptions);
  prefix_queries_.Add(stats.num_queried_tokens - last_.num_queried_tokens);
  prefix_hits_.Add(stats.num_hit_tokens - last_.num_hit_tokens);
  last_ = stats;
}

void VerifierMetrics::Capacity(int64_t kv_tokens) {
  kv_capacity_.Set(kv_tokens);
}

}  // namespace tessera::verifier
