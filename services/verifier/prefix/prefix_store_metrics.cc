#include "services/verifier/prefix/prefix_store_metrics.h"

namespace tessera::verifier {
namespace {

constexpr double kLoadSeconds[] = {.001, .0025, .005, .01, .025, .05,
                                   .1,   .25,   .5,   1,   2.5};

metrics::Labels With(metrics::Labels labels, const char* name,
                     const char* value) {
  labels.push_back({name, value});
  return labels;
}

}  // namespace

PrefixStoreMetrics::PrefixStoreMetrics(metrics::Registry* registry,
                                       const std::string& model_name)
    : PrefixStoreMetrics(registry,
                         metrics::Labels{{"model_name", model_name}}) {}

PrefixStoreMetrics::PrefixStoreMetrics(metrics::Registry* registry,
                                       const metrics::Labels& labels)
    : queried_tokens_(registry->AddCounter(
          "tessera_prefix_store_queries_total",
          "Prompt tokens that the store was asked for.", labels)),
      memory_hits_(registry->AddCounter(
          "tessera_prefix_store_hits_total",
          "Prompt tokens that came from the store instead of being computed.",
          With(labels, "tier", "memory"))),
      disk_hits_(registry->AddCounter(
          "tessera_prefix_store_hits_total",
          "Prompt tokens that came from the store instead of being computed.",
          With(labels, "tier", "disk"))),
      failures_(registry->AddCounter("tessera_prefix_store_failures_total",
                                     "Calls that the store did not answer.",
                                     labels)),
      loads_(registry->AddCounter(
          "tessera_prefix_store_decisions_total",
          "Prompts that the store had more of, by what was done.",
          With(labels, "decision", "load"))),
      computations_(registry->AddCounter(
          "tessera_prefix_store_decisions_total",
          "Prompts that the store had more of, by what was done.",
          With(labels, "decision", "recompute"))),
      given_up_(registry->AddCounter(
          "tessera_prefix_store_loads_given_up_total",
          "Loads that were slower than expected: computing went on.", labels)),
      loaded_bytes_(
          registry->AddCounter("tessera_prefix_store_loaded_bytes_total",
                               "Bytes that came from the store.", labels)),
      put_blocks_(registry->AddCounter("tessera_prefix_store_put_blocks_total",
                                       "Blocks given to the store.", labels)),
      put_bytes_(registry->AddCounter("tessera_prefix_store_put_bytes_total",
                                      "Bytes given to the store.", labels)),
      dropped_blocks_(registry->AddCounter(
          "tessera_prefix_store_dropped_blocks_total",
          "Blocks not given to the store: it was slow, full or away.", labels)),
      load_seconds_(registry->AddHistogram(
          "tessera_prefix_store_load_seconds",
          "From asking the store to the last block of a load.", kLoadSeconds,
          labels)) {}

}  // namespace tessera::verifier
