// SpeculatorClient: how a verifier asks for drafts of a draft model. One
// interface, whether that model is in this process (services/speculator/
// speculator.h) or behind an address (grpc_client.h).
//
// A draft's tokens are drawn as the target would draw them: by the sequence's
// own processors, with the noise of its seed and of the token's position. So a
// draft model that is the target is always right, sampled or not.
//
// Nothing has to be told in order, once, or at all: each request says all that
// is known of its sequence, and the speculator computes what its own cache
// lacks of it. What is lost costs time, never a wrong draft.
//
// Catching up. Before it can draft, the draft model has to compute the tokens
// that it has not seen: one or two after a pass of the target, thousands of a
// new prompt. Of those that are far behind it computes a bounded number a call
// (SpeculatorOptions::max_catch_up_tokens, catch_up_time), the shortest way
// first; they get no draft until they have caught up, the others get theirs in
// the same call. Draft::num_behind says what is left. Asking with max_tokens 0
// catches up alone.
//
// One thread at a time: the engine's, between passes.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/sampling/sampler.h"

namespace tessera::speculator {

using SequenceId = uint64_t;

inline constexpr int kMaxDraftTokens = 64;

// All of it outlives the call.
struct DraftRequest {
  SequenceId sequence = 0;  // each at most once a call
  // Known of the sequence: prompt and answer, none of them a draft. What the
  // next token is drawn after; not empty.
  absl::Span<const int32_t> tokens;
  // [0, kMaxDraftTokens]; fewer may come, or none.
  int max_tokens = 0;
  // As of `tokens`: what the target will draw the next token with. Null:
  // greedy, unchanged logits.
  const sampling::Sampler* sampler = nullptr;
  // The draft model's cached prefixes are shared where it is equal.
  absl::string_view cache_salt;
};

struct Draft {
  // Of positions tokens.size(), tokens.size() + 1, ...; each in the target's
  // vocabulary.
  std::vector<int32_t> tokens;
  // Known tokens that are still to be computed before this sequence can be
  // drafted; 0 where it was, or could be now.
  int64_t num_behind = 0;
};

// A pass of the draft model that brought one token for each of so many.
struct DraftStep {
  int num_sequences = 0;
  absl::Duration duration;
};

// Where a call's time went: the parts make up all of it.
struct DraftTimes {
  std::vector<DraftStep> steps;
  // Passes that had to compute more than two tokens a sequence. One that also
  // brought tokens counts here, not as a step.
  int64_t num_catch_up_tokens = 0;
  absl::Duration catch_up;
  absl::Duration overhead;  // the rest, the network's included
};

class SpeculatorClient {
 public:
  virtual ~SpeculatorClient() = default;

  // False: nothing would be proposed now (it is being connected to, failed of
  // late, or serves another vocabulary), and Propose is not worth a call.
  virtual bool is_ready() const = 0;

  // Drafts for all requests together, one in `drafts` for each, in order.
  // Returns about when `deadline` passes, with what there is by then. An error
  // (for logs and metrics) is a call that brought no drafts, and nothing else:
  // the next call may well succeed. `drafts` and `times` are overwritten, also
  // then.
  virtual absl::Status Propose(absl::Span<const DraftRequest> requests,
                               absl::Time deadline, std::vector<Draft>* drafts,
                               DraftTimes* times) = 0;

  // The sequence has ended: its memory may go. One that is asked for again is
  // a new one.
  virtual void Release(SequenceId sequence) = 0;
};

}  // namespace tessera::speculator
