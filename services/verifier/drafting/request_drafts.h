// RequestDrafts: the drafter's side of the engine's requests: whose answers are
// drafted for, and what they are told of it.
//
// With --speculation off it does nothing. The engine's thread alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/scheduling/scheduler.h"
#include "libs/tokenizer/tokenizer.h"
#include "proto/verifier.pb.h"
#include "services/speculator/client/speculator_client.h"
#include "services/verifier/drafting/draft_metrics.h"
#include "services/verifier/drafting/drafter.h"
#include "services/verifier/drawing.h"
#include "services/verifier/options.h"
#include "services/verifier/request.h"

namespace tessera::verifier {

class RequestDrafts {
 public:
  // `speculator`, of a draft model, and `tokenizer` may be null. `scheduler`
  // and `metrics` outlive it.
  RequestDrafts(const VerifierOptions& options,
                std::unique_ptr<speculator::SpeculatorClient> speculator,
                int32_t vocab_size, const tokenizer::Tokenizer* tokenizer,
                scheduling::Scheduler* scheduler, DraftMetrics* metrics);

  // Before the first request: learns what passes of some numbers of tokens
  // cost, from `pass(num_tokens)`, which computes one. Until it knows, it would
  // take what the first drafts happen to cost for the rule, while buffers grow
  // and code is cold, and not find out.
  void Rehearse(absl::FunctionRef<absl::Status(int num_tokens)> pass);

  // All of the prompt is computed, every choice has its sequence, and the first
  // tokens have joined those that are not over yet.
  void Begin(const Request& request);
  // Before a pass that may compute so many tokens of prompts: gives the
  // scheduler drafts for whoever is decoding.
  void Draft(absl::Span<const std::unique_ptr<Request>> requests,
             int64_t prompt_budget);
  // As Drafter's.
  void PassComputed(int num_sequences, int64_t num_tokens,
                    absl::Duration duration);
  // Keeps of the draft what was drawn, and tells all who want to know. Where
  // the draft was from; SOURCE_TARGET: there was none.
  v1::TokenSource Verified(const Drawing& drawing);
  void Append(scheduling::SequenceId id, int32_t token);
  void End(scheduling::SequenceId id);

 private:
  scheduling::Scheduler& scheduler_;
  DraftMetrics& metrics_;
  std::optional<Drafter> drafter_;  // none: --speculation off
};

}  // namespace tessera::verifier
