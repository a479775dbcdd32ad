// DraftModel: drafts of a speculator, and whether computing what it has not
// seen of a sequence is worth its while.
//
// Before it can draft, a draft model has to compute the sequence's prompt (to
// catch up), which pays only if its drafts are kept afterwards. So that useless
// drafts cost next to nothing, catching up is paid from a credit: it begins
// with kFirstCredit, grows by kCreditShare of the time of the target's passes
// and by what kept tokens saved, and nobody is caught up while there is none.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/sampling/sampler.h"
#include "libs/speculation/draft_length.h"
#include "services/speculator/client/speculator_client.h"

namespace tessera::verifier {

// What the model was told of one sequence.
struct DraftModelState {
  int64_t num_seen = 0;    // tokens of its latest call
  int64_t num_behind = 0;  // of those, not yet computed
};

// One sequence to draft for; all of it outlives the call.
struct ModelDraftRequest {
  speculator::SequenceId id = 0;
  absl::Span<const int32_t> tokens;
  const sampling::Sampler* sampler = nullptr;
  absl::string_view cache_salt;
  int max_tokens = 0;
  DraftModelState* state = nullptr;
};

class DraftModel {
 public:
  static constexpr absl::Duration kFirstCredit = absl::Milliseconds(250);
  static constexpr absl::Duration kMostCredit = absl::Seconds(3);
  static constexpr double kCreditShare = 0.003;
  // A sequence that it has seen but for so many tokens is no catching up.
  static constexpr int64_t kMaxFewTokens = 32;

  // Tokens outside [0, vocab_size) are not passed on.
  DraftModel(std::unique_ptr<speculator::SpeculatorClient> client,
             int32_t vocab_size);

  // Whether to think of drafts for a sequence of `num_tokens`.
  bool CanDraft(const DraftModelState& state, int64_t num_tokens) const;

  // A draft for each request, perhaps shorter than asked for, or empty. Its
  // costs go to `lengths`. `pass` is what a plain pass takes.
  std::vector<std::vector<int32_t>> Propose(
      absl::Span<const ModelDraftRequest> requests, absl::Duration pass,
      speculation::DraftLength* lengths);

  void Release(speculator::SequenceId id) { client_->Release(id); }

  // The target computed so long; kept drafts saved so long.
  void PassComputed(absl::Duration duration);
  void Saved(absl::Duration duration);

 private:
  void AddCredit(absl::Duration duration);
  void Observe(const speculator::DraftTimes& times,
               speculation::DraftLength* lengths);

  const std::unique_ptr<speculator::SpeculatorClient> client_;
  const int32_t vocab_size_;
  absl::Duration credit_ = kFirstCredit;
};

}  // namespace tessera::verifier
