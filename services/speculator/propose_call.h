// ProposeHandler: what a call over the network asks of a speculator. Everything
// is checked as from a stranger before anything is done.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/speculator.pb.h"
#include "services/speculator/known_sequences.h"
#include "services/speculator/speculator.h"

namespace tessera::speculator {

struct ProposeLimits {
  // Of all sequences together; those told of longest ago are forgotten.
  int max_sequences = 4096;
  int64_t max_known_tokens = int64_t{1} << 24;
};

// One thread at a time.
class ProposeHandler {
 public:
  // `speculator` outlives the handler.
  explicit ProposeHandler(Speculator* speculator,
                          const ProposeLimits& limits = {});

  // InvalidArgument, naming the sequence and the field, and nothing done.
  // Otherwise as Speculator::Propose.
  absl::Status Propose(const v1::ProposeRequest& request, absl::Time deadline,
                       v1::ProposeResponse* response);

 private:
  absl::Status Check(const v1::ProposeRequest& request) const;
  absl::Status CheckSequence(const v1::SequenceRequest& request) const;
  // Makes sampler the one for the next token.
  absl::Status UpdateSampler(const v1::SequenceRequest& request,
                             KnownSequences::Sequence* sequence) const;

  Speculator* const speculator_;
  const int32_t vocab_size_;
  KnownSequences sequences_;
};

}  // namespace tessera::speculator
