#include "services/speculator/propose_call.h"

#include <algorithm>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "services/speculator/client/protocol_limits.h"
#include "services/speculator/sampling_message.h"

namespace tessera::speculator {
namespace {

// Longer than any context, so that sums of positions do not overflow.
constexpr int64_t kMaxPosition = int64_t{1} << 40;

absl::Status Wrong(absl::string_view field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", what));
}

absl::Status CheckRange(absl::string_view field, int64_t value, int64_t min,
                        int64_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return Wrong(field, absl::StrCat("it is ", value, ", must be from ", min,
                                   " to ", max));
}

absl::Span<const int32_t> Tokens(const v1::SequenceRequest& request) {
  return {request.tokens().data(), static_cast<size_t>(request.tokens_size())};
}

void ToMessage(const DraftTimes& times, v1::ProposeResponse* response) {
  for (const DraftStep& step : times.steps) {
    v1::DraftStep* to = response->add_steps();
    to->set_num_sequences(step.num_sequences);
    to->set_seconds(absl::ToDoubleSeconds(step.duration));
  }
  response->set_num_catch_up_tokens(times.num_catch_up_tokens);
  response->set_catch_up_seconds(absl::ToDoubleSeconds(times.catch_up));
}

}  // namespace

ProposeHandler::ProposeHandler(Speculator* speculator,
                               const ProposeLimits& limits)
    : speculator_(speculator),
      vocab_size_(speculator->model().config().vocab_size),
      sequences_(limits.max_sequences, limits.max_known_tokens,
                 [speculator](SequenceId id) { speculator->Release(id); }) {}

absl::Status ProposeHandler::CheckSequence(
    const v1::SequenceRequest& request) const {
  RETURN_IF_ERROR(
      CheckRange("first_position", request.first_position(), 0, kMaxPosition));
  const int64_t num_known = request.first_position() + request.tokens_size();
  RETURN_IF_ERROR(CheckRange("first_position and tokens, together", num_known,
                             1, kMaxPosition));
  for (const int32_t token : request.tokens()) {
    RETURN_IF_ERROR(CheckRange("tokens", token, 0, vocab_size_ - 1));
  }
  RETURN_IF_ERROR(
      CheckRange("max_tokens", request.max_tokens(), 0, kMaxDraftTokens));
  RETURN_IF_ERROR(
      CheckRange("num_generated", request.num_generated(), 0, num_known));
  RETURN_IF_ERROR(CheckRange("cache_salt, bytes", request.cache_salt().size(),
                             0, kMaxSaltBytes));
  if (!request.has_sampling()) return absl::OkStatus();
  return Annotate(FromMessage(request.sampling(), vocab_size_).status(),
                  "sampling");
}

absl::Status ProposeHandler::Check(const v1::ProposeRequest& request) const {
  RETURN_IF_ERROR(CheckRange("sequences, of them", request.sequences_size(), 0,
                             kMaxSequencesPerCall));
  RETURN_IF_ERROR(CheckRange("released, of them", request.released_size(), 0,
                             kMaxReleasedPerCall));
  int64_t num_tokens = 0;
  absl::flat_hash_set<uint64_t> seen;
  for (const v1::SequenceRequest& sequence : request.sequences()) {
    const std::string where = absl::StrCat("sequence ", sequence.sequence());
    num_tokens += sequence.tokens_size();
    RETURN_IF_ERROR(
        CheckRange("tokens, of all", num_tokens, 0, kMaxTokensPerCall));
    if (!seen.insert(sequence.sequence()).second) {
      return Wrong(where, "it is there twice");
    }
    RETURN_IF_ERROR(Annotate(CheckSequence(sequence), where));
  }
  return absl::OkStatus();
}

absl::Status ProposeHandler::UpdateSampler(
    const v1::SequenceRequest& request,
    KnownSequences::Sequence* sequence) const {
  const absl::Span<const int32_t> known = sequence->tokens;
  const int64_t num_prompt = known.size() - request.num_generated();
  const std::string key =
      absl::StrCat(num_prompt, " ", request.sampling().SerializeAsString());
  if (!sequence->sampler.has_value() || sequence->sampler_key != key) {
    ASSIGN_OR_RETURN(sampling::SamplingParameters parameters,
                     FromMessage(request.sampling(), vocab_size_));
    ASSIGN_OR_RETURN(sequence->sampler, sampling::Sampler::Create(
                                            std::move(parameters), vocab_size_,
                                            known.first(num_prompt)));
    sequence->sampler_key = key;
    sequence->num_sampled = num_prompt;
  }
  for (const int32_t token : known.subspan(sequence->num_sampled)) {
    sequence->sampler->Append(token);
  }
  sequence->num_sampled = known.size();
  return absl::OkStatus();
}

absl::Status ProposeHandler::Propose(const v1::ProposeRequest& request,
                                     absl::Time deadline,
                                     v1::ProposeResponse* response) {
  RETURN_IF_ERROR(Check(request));
  for (const uint64_t sequence : request.released()) {
    sequences_.Forget({request.client(), sequence});
  }
  sequences_.BeginCall();
  std::vector<DraftRequest> asked;
  std::vector<v1::SequenceDraft*> answers;
  for (const v1::SequenceRequest& one : request.sequences()) {
    v1::SequenceDraft* answer = response->add_drafts();
    answer->set_sequence(one.sequence());
    answer->set_num_known(one.first_position() + one.tokens_size());
    const KnownSequences::Told told =
        sequences_.Tell({request.client(), one.sequence()},
                        one.first_position(), one.prefix_digest(), Tokens(one));
    if (told.sequence == nullptr) {
      answer->set_need_from(told.need_from);
      continue;
    }
    const bool samples = one.has_sampling();
    if (samples) RETURN_IF_ERROR(UpdateSampler(one, told.sequence));
    asked.push_back({.sequence = told.sequence->id,
                     .tokens = told.sequence->tokens,
                     .max_tokens = one.max_tokens(),
                     .sampler = samples ? &*told.sequence->sampler : nullptr,
                     .cache_salt = one.cache_salt()});
    answers.push_back(answer);
  }
  std::vector<Draft> drafts;
  DraftTimes times;
  RETURN_IF_ERROR(speculator_->Propose(asked, deadline, &drafts, &times));
  for (size_t i = 0; i < drafts.size(); ++i) {
    answers[i]->mutable_tokens()->Add(drafts[i].tokens.begin(),
                                      drafts[i].tokens.end());
    answers[i]->set_num_behind(drafts[i].num_behind);
  }
  ToMessage(times, response);
  return absl::OkStatus();
}

}  // namespace tessera::speculator
