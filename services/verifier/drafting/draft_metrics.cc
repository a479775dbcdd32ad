#include "services/verifier/drafting/draft_metrics.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tessera::verifier {

DraftMetrics::DraftMetrics(metrics::Registry* registry,
                           const std::string& model_name)
    : sources_{Register(registry, model_name, "text"),
               Register(registry, model_name, "prediction"),
               Register(registry, model_name, "draft_model")} {}

DraftMetrics::Source DraftMetrics::Register(metrics::Registry* registry,
                                            const std::string& model_name,
                                            const std::string& source) {
  const metrics::Labels labels = {{"model_name", model_name},
                                  {"source", source}};
  Source registered;
  registered.drafts =
      &registry->AddCounter("tessera_spec_decode_num_drafts_total",
                            "Drafts that were verified.", labels);
  registered.drafted =
      &registry->AddCounter("tessera_spec_decode_num_draft_tokens_total",
                            "Tokens of verified drafts.", labels);
  registered.accepted =
      &registry->AddCounter("tessera_spec_decode_num_accepted_tokens_total",
                            "Draft tokens that were kept.", labels);
  for (int i = 0; i < kNumPositions; ++i) {
    metrics::Labels at = labels;
    at.push_back(
        {"position", absl::StrCat(i, i + 1 == kNumPositions ? "+" : "")});
    registered.positions[i].drafted = &registry->AddCounter(
        "tessera_spec_decode_num_draft_tokens_per_pos_total",
        "Tokens of verified drafts, by position in the draft.", at);
    registered.positions[i].accepted = &registry->AddCounter(
        "tessera_spec_decode_num_accepted_tokens_per_pos_total",
        "Draft tokens that were kept, by position in the draft.", at);
  }
  return registered;
}

void DraftMetrics::Verified(speculation::DraftSource source, int num_drafted,
                            int num_accepted) {
  Source& counters = sources_[static_cast<int>(source)];
  counters.drafts->Add();
  counters.drafted->Add(num_drafted);
  counters.accepted->Add(num_accepted);
  for (int i = 0; i < num_drafted; ++i) {
    Position& position = counters.positions[std::min(i, kNumPositions - 1)];
    position.drafted->Add();
    if (i < num_accepted) position.accepted->Add();
  }
}

}  // namespace tessera::verifier
