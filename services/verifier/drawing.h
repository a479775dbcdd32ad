// Drawing: rows of logits into tokens and log-probabilities, on all workers.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "libs/device/worker_team.h"
#include "libs/sampling/logprobs.h"
#include "libs/sampling/scratch.h"
#include "services/verifier/options.h"
#include "services/verifier/request.h"

namespace tessera::verifier {

// The next token of a choice, and what was drawn: where a draft was verified,
// the tokens of it that the target draws too, and then its own.
struct Drawing {
  Request* request;
  int choice;
  int64_t row;       // of the logits: the first of draft.size() + 1
  int64_t position;  // of the first token, in its sequence
  absl::Span<const int32_t> draft;

  absl::Status status;
  std::vector<int32_t> tokens;               // at least one, if ok
  std::vector<sampling::Logprobs> logprobs;  // one a token, if wanted

  int num_accepted() const { return static_cast<int>(tokens.size()) - 1; }
};

// The log-probability of a prompt's token, from the row of the token before.
struct PromptScore {
  Request* request;
  int64_t row;
  int64_t token_index;

  absl::Status status;
  sampling::Logprobs logprobs;
};

// logits: [rows, vocab_size]. Each item's result depends on its row and request
// alone, and under the rejection rule on its draft. scratches: one a worker of
// the team.
void DrawAll(absl::Span<const float> logits, int64_t vocab_size,
             SpeculationRule rule, device::WorkerTeam& team,
             absl::Span<sampling::SamplingScratch> scratches,
             absl::Span<Drawing> drawings, absl::Span<PromptScore> scores);

}  // namespace tessera::verifier
