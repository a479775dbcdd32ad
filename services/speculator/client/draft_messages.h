// A call for drafts as messages: what goes, and whether what comes answers it.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "proto/speculator.pb.h"
#include "services/speculator/client/speculator_client.h"
#include "services/speculator/client/told_sequences.h"

namespace tessera::speculator {

// Which tokens may be spoken of.
struct SharedVocabulary {
  int32_t target_size = 0;
  int32_t draft_size = 0;
};

// Adds a sequence for each request that the protocol has room for and whose
// tokens, biases and stop tokens the draft model has; `sent` gets their
// indices.
void FillRequest(absl::Span<const DraftRequest> requests,
                 const SharedVocabulary& vocabulary, ToldSequences* told,
                 v1::ProposeRequest* message, std::vector<size_t>* sent);

// DataLoss, saying what is wrong: it does not answer what was sent, in its
// order; a draft is too long, or has a token outside the target's vocabulary; a
// count or a time is negative or no number. `drafts` has one a request.
absl::Status ReadResponse(const v1::ProposeResponse& message,
                          absl::Span<const DraftRequest> requests,
                          absl::Span<const size_t> sent,
                          const SharedVocabulary& vocabulary,
                          ToldSequences* told, std::vector<Draft>* drafts);

// The parts of a call that took `elapsed` in all.
absl::Status ReadTimes(const v1::ProposeResponse& message,
                       absl::Duration elapsed, DraftTimes* times);

}  // namespace tessera::speculator
