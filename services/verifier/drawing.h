// Drawing: rows of logits into tokens and log-probabilities, on all workers.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "libs/device/worker_team.h"
#include "libs/sampling/logprobs.h"
#include "libs/sampling/scratch.h"
#include "services/verifier/request.h"

namespace tessera::verifier {

// One token to draw, and then the token drawn.
struct Drawing {
  Request* request;
  int choice;
  int64_t row;       // of the logits
  int64_t position;  // of the token, in its sequence

  absl::Status status;
  int32_t token = 0;
  sampling::Logprobs logprobs;  // if the request wants them
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
// alone. scratches: one a worker of the team.
void DrawAll(absl::Span<const float> logits, int64_t vocab_size,
             device::WorkerTeam& team,
             absl::Span<sampling::SamplingScratch> scratches,
             absl::Span<Drawing> drawings, absl::Span<PromptScore> scores);

}  // namespace tessera::verifier
