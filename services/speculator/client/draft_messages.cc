#include "services/speculator/client/draft_messages.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "services/speculator/client/protocol_limits.h"
#include "services/speculator/sampling_message.h"

namespace tessera::speculator {
namespace {

absl::Status Wrong(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("speculator: ", what));
}

// Whether the draft model has everything that the request speaks of, from
// token `first` on.
bool IsSharedBy(const DraftRequest& request, int64_t first, int32_t size) {
  for (const int32_t token : request.tokens.subspan(first)) {
    if (token < 0 || token >= size) return false;
  }
  if (request.sampler == nullptr) return true;
  const sampling::SamplingParameters& sampling = request.sampler->parameters();
  for (const sampling::LogitBias& entry : sampling.logit_bias) {
    if (entry.token >= size) return false;
  }
  for (const int32_t token : sampling.stop_token_ids) {
    if (token >= size) return false;
  }
  return true;
}

absl::Status ReadDraft(const v1::SequenceDraft& message,
                       const DraftRequest& request,
                       const SharedVocabulary& vocabulary, ToldSequences* told,
                       Draft* draft) {
  if (message.sequence() != request.sequence ||
      message.num_known() != static_cast<int64_t>(request.tokens.size())) {
    return Wrong("a draft is of another sequence or position");
  }
  if (message.tokens_size() > request.max_tokens) {
    return Wrong(absl::StrCat("a draft of ", message.tokens_size(), " tokens, ",
                              request.max_tokens, " were asked for"));
  }
  for (const int32_t token : message.tokens()) {
    if (token >= 0 && token < vocabulary.target_size) continue;
    return Wrong(absl::StrCat("token ", token, " is outside the vocabulary"));
  }
  if (message.num_behind() < 0 || message.need_from() < 0) {
    return Wrong("a negative count of tokens");
  }
  draft->tokens.assign(message.tokens().begin(), message.tokens().end());
  draft->num_behind = message.num_behind();
  if (message.has_need_from()) {
    told->Needs(request.sequence, message.need_from());
    draft->num_behind = request.tokens.size() - 1;
  } else {
    told->Told(request.sequence, request.tokens);
  }
  return absl::OkStatus();
}

bool IsTime(double seconds) { return std::isfinite(seconds) && seconds >= 0; }

}  // namespace

void FillRequest(absl::Span<const DraftRequest> requests,
                 const SharedVocabulary& vocabulary, ToldSequences* told,
                 v1::ProposeRequest* message, std::vector<size_t>* sent) {
  int64_t num_tokens = 0;
  for (size_t i = 0; i < requests.size(); ++i) {
    const DraftRequest& request = requests[i];
    const auto start = told->StartOf(request.sequence, request.tokens);
    const int64_t num_new = request.tokens.size() - start.first_position;
    if (message->sequences_size() >= kMaxSequencesPerCall) break;
    if (num_tokens + num_new > kMaxTokensPerCall) continue;
    if (request.cache_salt.size() > kMaxSaltBytes) continue;
    if (!IsSharedBy(request, start.first_position, vocabulary.draft_size)) {
      continue;
    }
    num_tokens += num_new;
    v1::SequenceRequest* to = message->add_sequences();
    to->set_sequence(request.sequence);
    to->set_first_position(start.first_position);
    to->set_prefix_digest(start.prefix_digest);
    const auto rest = request.tokens.subspan(start.first_position);
    to->mutable_tokens()->Add(rest.begin(), rest.end());
    to->set_max_tokens(request.max_tokens);
    to->set_cache_salt(request.cache_salt.data(), request.cache_salt.size());
    if (request.sampler != nullptr) {
      to->set_num_generated(request.sampler->num_generated());
      *to->mutable_sampling() = ToMessage(request.sampler->parameters());
    }
    sent->push_back(i);
  }
}

absl::Status ReadResponse(const v1::ProposeResponse& message,
                          absl::Span<const DraftRequest> requests,
                          absl::Span<const size_t> sent,
                          const SharedVocabulary& vocabulary,
                          ToldSequences* told, std::vector<Draft>* drafts) {
  if (message.drafts_size() != static_cast<int>(sent.size())) {
    return Wrong(absl::StrCat(message.drafts_size(), " drafts, ", sent.size(),
                              " were asked for"));
  }
  for (size_t i = 0; i < sent.size(); ++i) {
    RETURN_IF_ERROR(ReadDraft(message.drafts(i), requests[sent[i]], vocabulary,
                              told, &(*drafts)[sent[i]]));
  }
  return absl::OkStatus();
}

absl::Status ReadTimes(const v1::ProposeResponse& message,
                       absl::Duration elapsed, DraftTimes* times) {
  if (!IsTime(message.catch_up_seconds()) ||
      message.num_catch_up_tokens() < 0) {
    return Wrong("a time that is none");
  }
  times->num_catch_up_tokens = message.num_catch_up_tokens();
  times->catch_up = absl::Seconds(message.catch_up_seconds());
  times->overhead = elapsed - times->catch_up;
  for (const v1::DraftStep& step : message.steps()) {
    if (!IsTime(step.seconds()) || step.num_sequences() < 1) {
      return Wrong("a step that is none");
    }
    times->steps.push_back(
        {step.num_sequences(), absl::Seconds(step.seconds())});
    times->overhead -= times->steps.back().duration;
  }
  // Parts that are longer than the whole are not believed.
  if (times->overhead < absl::ZeroDuration()) {
    *times = {.overhead = elapsed};
  }
  return absl::OkStatus();
}

}  // namespace tessera::speculator
