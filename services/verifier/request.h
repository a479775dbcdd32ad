// Request: a generation in the engine: its sequences, its times, and what was
// not yet told to its observer.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "libs/sampling/logprobs.h"
#include "libs/scheduling/scheduler.h"
#include "libs/tokenizer/tokenizer.h"
#include "proto/verifier.pb.h"
#include "services/verifier/generation.h"
#include "services/verifier/verifier_metrics.h"

namespace tessera::verifier {

class Request {
 public:
  // `tokenizer` outlives the request.
  Request(std::shared_ptr<Generation> generation, scheduling::SequenceId stem,
          const tokenizer::Tokenizer* tokenizer);

  Generation& generation() { return *generation_; }
  const Generation& generation() const { return *generation_; }
  Choice& choice(int index) { return generation_->choices[index]; }
  int num_choices() const { return generation_->choices.size(); }

  // The sequence of choice `index`; before the first token, choice 0's is the
  // prompt. -1: none, not yet or not any more.
  scheduling::SequenceId sequence(int index) const { return sequences_[index]; }
  void set_sequence(int index, scheduling::SequenceId id) {
    sequences_[index] = id;
  }
  int choice_of(scheduling::SequenceId id) const;
  // The choice's sequence is about to be removed.
  void EndSequence(int index, const scheduling::SequenceProgress& progress);

  bool has_begun() const { return has_begun_; }  // a token was drawn
  bool is_done() const { return is_done_; }
  void set_done() { is_done_ = true; }
  int num_unfinished() const;

  // All of the prompt is computed: its facts go out with the next response.
  void PromptComputed(const scheduling::SequenceProgress& progress,
                      absl::Time now);
  // Where its cached tokens came from, if not all from the engine.
  void set_cached_sources(const v1::CachedTokens& sources) {
    cached_sources_ = sources;
  }
  void AddPromptLogprobs(int64_t token_index, const sampling::Logprobs& found);

  // A token of a choice, and what had drafted it.
  void AddToken(int index, int32_t token, const sampling::Logprobs* logprobs,
                v1::TokenSource source, absl::Time now,
                VerifierMetrics* metrics);
  // A draft of one of its choices was verified.
  void AddDraft(v1::TokenSource source, int num_drafted, int num_accepted);

  // Sends what has gathered, unless the observer reads nothing along, or the
  // last piece is less than `interval` ago: then a later call will.
  void Publish(absl::Time now, absl::Duration interval);
  // The end: usage, then OnDone(OK).
  void PublishEnd(absl::Time now, VerifierMetrics* metrics);

 private:
  v1::ChoiceDelta* Delta(int index);
  void FillDrafted(v1::Usage* usage) const;
  void Fill(const sampling::Logprobs& found, v1::TokenLogprobs* to) const;
  void FillOne(const sampling::TokenLogprob& from, v1::TokenLogprob* to) const;

  std::shared_ptr<Generation> generation_;
  const tokenizer::Tokenizer* tokenizer_;
  std::vector<scheduling::SequenceId> sequences_;  // one a choice
  std::vector<absl::Time> last_token_;             // one a choice
  bool has_begun_ = false;
  bool is_done_ = false;
  int num_generated_ = 0;
  int num_preemptions_ = 0;
  struct DraftedTokens {
    int num_drafted = 0;
    int num_accepted = 0;
  };
  std::array<DraftedTokens, v1::TokenSource_ARRAYSIZE> drafted_ = {};
  scheduling::SequenceProgress prompt_;  // as of its last token's computing
  std::optional<v1::CachedTokens> cached_sources_;
  absl::Time first_token_ = absl::InfiniteFuture();
  std::vector<v1::TokenLogprobs> prompt_logprobs_;  // of tokens 1 and on
  v1::GenerateResponse pending_;
  bool has_pending_ = false;
  absl::Time last_piece_ = absl::InfinitePast();
};

}  // namespace tessera::verifier
