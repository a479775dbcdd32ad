#include "services/speculator/speculator_metrics.h"

namespace tessera::speculator {
namespace {

constexpr double kStepBuckets[] = {.0002, .0005, .001, .002, .005, .01,
                                   .02,   .05,   .1,   .2,   .5,   1};

}  // namespace

SpeculatorMetrics::SpeculatorMetrics(metrics::Registry* registry)
    : calls_(registry->AddCounter("tessera_speculator_calls_total",
                                  "Calls for drafts.")),
      failed_calls_(
          registry->AddCounter("tessera_speculator_failed_calls_total",
                               "Calls for drafts that failed.")),
      drafts_(registry->AddCounter("tessera_speculator_drafts_total",
                                   "Sequences drafted, each call's.")),
      tokens_(registry->AddCounter("tessera_speculator_tokens_total",
                                   "Tokens proposed.")),
      catch_up_tokens_(registry->AddCounter(
          "tessera_speculator_catch_up_tokens_total",
          "Known tokens computed in passes that were mostly of such.")),
      catch_up_seconds_(
          registry->AddCounter("tessera_speculator_catch_up_seconds_total",
                               "Time of those passes.")),
      step_seconds_(registry->AddHistogram("tessera_speculator_step_seconds",
                                           "Time of a pass that drafts a token "
                                           "for each of its sequences.",
                                           kStepBuckets)),
      sequences_(registry->AddGauge("tessera_speculator_sequences",
                                    "Sequences whose state is kept.")),
      blocks_(registry->AddGauge("tessera_speculator_blocks",
                                 "Blocks of keys and values, free or not.")),
      free_blocks_(registry->AddGauge("tessera_speculator_free_blocks",
                                      "Blocks that hold nothing.")),
      forgotten_(registry->AddCounter(
          "tessera_speculator_forgotten_sequences_total",
          "Sequences whose state made room for others.")) {}

void SpeculatorMetrics::Call(const absl::Status& status,
                             const std::vector<Draft>& drafts,
                             const DraftTimes& times) {
  calls_.Add();
  if (!status.ok()) failed_calls_.Add();
  for (const Draft& draft : drafts) {
    if (draft.tokens.empty()) continue;
    drafts_.Add();
    tokens_.Add(static_cast<double>(draft.tokens.size()));
  }
  catch_up_tokens_.Add(static_cast<double>(times.num_catch_up_tokens));
  catch_up_seconds_.Add(absl::ToDoubleSeconds(times.catch_up));
  for (const DraftStep& step : times.steps) {
    step_seconds_.Observe(absl::ToDoubleSeconds(step.duration));
  }
}

void SpeculatorMetrics::Cache(const DraftCache& cache) {
  sequences_.Set(static_cast<double>(cache.num_sequences()));
  blocks_.Set(cache.num_blocks());
  free_blocks_.Set(cache.num_free_blocks());
  forgotten_.Add(static_cast<double>(cache.num_forgotten() - num_forgotten_));
  num_forgotten_ = cache.num_forgotten();
}

}  // namespace tessera::speculator
