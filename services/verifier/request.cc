#include "services/verifier/request.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"

namespace tessera::verifier {

Request::Request(std::shared_ptr<Generation> generation,
                 scheduling::SequenceId stem,
                 const tokenizer::Tokenizer* tokenizer)
    : generation_(std::move(generation)),
      tokenizer_(tokenizer),
      sequences_(generation_->choices.size(), -1),
      last_token_(generation_->choices.size()) {
  sequences_[0] = stem;
  if (generation_->num_prompt_logprobs.has_value()) {
    prompt_logprobs_.resize(generation_->prompt.size() - 1);
  }
}

int Request::choice_of(scheduling::SequenceId id) const {
  const auto found = std::find(sequences_.begin(), sequences_.end(), id);
  CHECK(found != sequences_.end()) << "sequence " << id;
  return static_cast<int>(found - sequences_.begin());
}

int Request::num_unfinished() const {
  return std::count_if(
      generation_->choices.begin(), generation_->choices.end(),
      [](const Choice& choice) { return !choice.is_finished(); });
}

void Request::FillOne(const sampling::TokenLogprob& from,
                      v1::TokenLogprob* to) const {
  const absl::string_view bytes = tokenizer_->TokenBytes(from.token);
  to->set_token(from.token);
  to->set_text(bytes.data(), bytes.size());
  to->set_logprob(from.logprob);
}

void Request::Fill(const sampling::Logprobs& found,
                   v1::TokenLogprobs* to) const {
  to->Clear();
  FillOne(found.chosen, to->mutable_chosen());
  for (const sampling::TokenLogprob& one : found.top) {
    FillOne(one, to->add_top());
  }
}

void Request::AddPromptLogprobs(int64_t token_index,
                                const sampling::Logprobs& found) {
  Fill(found, &prompt_logprobs_[token_index - 1]);
}

void Request::PromptComputed(const scheduling::SequenceProgress& progress,
                             absl::Time now) {
  prompt_ = progress;
  has_begun_ = true;
  first_token_ = now;
  v1::PromptInfo* info = pending_.mutable_prompt();
  info->set_num_tokens(static_cast<int32_t>(generation_->prompt.size()));
  info->set_num_cached_tokens(static_cast<int32_t>(progress.num_cached));
  const bool wants_logprobs = generation_->num_prompt_logprobs.has_value();
  if (generation_->return_prompt_token_ids || wants_logprobs) {
    info->mutable_token_ids()->Add(generation_->prompt.begin(),
                                   generation_->prompt.end());
  }
  if (wants_logprobs) {
    for (const int32_t token : generation_->prompt) {
      const absl::string_view bytes = tokenizer_->TokenBytes(token);
      info->add_token_texts(bytes.data(), bytes.size());
    }
    for (v1::TokenLogprobs& one : prompt_logprobs_) {
      *info->add_logprobs() = std::move(one);
    }
    prompt_logprobs_.clear();
  }
  has_pending_ = true;
}

v1::ChoiceDelta* Request::Delta(int index) {
  has_pending_ = true;
  for (v1::ChoiceDelta& delta : *pending_.mutable_deltas()) {
    if (delta.index() == index) return &delta;
  }
  v1::ChoiceDelta* delta = pending_.add_deltas();
  delta->set_index(index);
  return delta;
}

void Request::AddToken(int index, int32_t token,
                       const sampling::Logprobs* logprobs,
                       v1::TokenSource source, absl::Time now,
                       VerifierMetrics* metrics) {
  v1::ChoiceDelta* delta = Delta(index);
  choice(index).Append(token, delta);
  if (logprobs != nullptr) Fill(*logprobs, delta->add_logprobs());
  if (generation_->return_token_sources) delta->add_sources(source);
  ++num_generated_;
  metrics->GeneratedToken();
  if (choice(index).num_tokens() == 1) {
    metrics->FirstToken(now - generation_->arrived);
  } else {
    metrics->NextToken(now - last_token_[index]);
  }
  last_token_[index] = now;
}

void Request::AddDraft(v1::TokenSource source, int num_drafted,
                       int num_accepted) {
  drafted_[source].num_drafted += num_drafted;
  drafted_[source].num_accepted += num_accepted;
}

void Request::FillDrafted(v1::Usage* usage) const {
  for (int source = 0; source < v1::TokenSource_ARRAYSIZE; ++source) {
    if (drafted_[source].num_drafted == 0) continue;
    v1::DraftedTokens* drafted = usage->add_drafted();
    drafted->set_source(static_cast<v1::TokenSource>(source));
    drafted->set_num_drafted(drafted_[source].num_drafted);
    drafted->set_num_accepted(drafted_[source].num_accepted);
  }
}

void Request::Publish(absl::Time now, absl::Duration interval) {
  if (!has_pending_ || !generation_->stream) return;
  if (now - last_piece_ < interval) return;
  last_piece_ = now;
  has_pending_ = false;
  v1::GenerateResponse response;
  response.Swap(&pending_);
  generation_->Respond(std::move(response));
}

void Request::EndSequence(int index,
                          const scheduling::SequenceProgress& progress) {
  num_preemptions_ += progress.num_preemptions;
  sequences_[index] = -1;
}

void Request::PublishEnd(absl::Time now, VerifierMetrics* metrics) {
  is_done_ = true;
  v1::Usage* usage = pending_.mutable_usage();
  usage->set_num_prompt_tokens(
      static_cast<int32_t>(generation_->prompt.size()));
  usage->set_num_cached_tokens(static_cast<int32_t>(prompt_.num_cached));
  if (cached_sources_.has_value()) {
    *usage->mutable_cached() = *cached_sources_;
  } else {
    usage->mutable_cached()->set_num_engine(usage->num_cached_tokens());
  }
  usage->set_num_generated_tokens(num_generated_);
  usage->set_num_preemptions(num_preemptions_);
  FillDrafted(usage);
  const absl::Duration queue = prompt_.admitted - generation_->arrived;
  const absl::Duration prefill = first_token_ - prompt_.admitted;
  const absl::Duration decode = now - first_token_;
  usage->set_queue_seconds(absl::ToDoubleSeconds(queue));
  usage->set_prefill_seconds(absl::ToDoubleSeconds(prefill));
  usage->set_decode_seconds(absl::ToDoubleSeconds(decode));
  // Counted before the observer hears of it: who has read an answer finds it
  // in the metrics.
  metrics->RequestDone({.num_prompt_tokens = usage->num_prompt_tokens(),
                        .queue = queue,
                        .prefill = prefill,
                        .decode = decode,
                        .end_to_end = now - generation_->arrived});
  for (const Choice& choice : generation_->choices) {
    metrics->ChoiceFinished(choice.finish_reason());
  }
  v1::GenerateResponse response;
  response.Swap(&pending_);
  has_pending_ = false;
  generation_->Respond(std::move(response));
  generation_->Finish(absl::OkStatus());
}

}  // namespace tessera::verifier
