#include "services/verifier/generation.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace tessera::verifier {
namespace {

absl::Status Wrong(absl::string_view field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", what));
}

absl::Status CheckRange(absl::string_view field, int64_t value, int64_t min,
                        int64_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return Wrong(
      field, absl::StrCat("must be from ", min, " to ", max, ", not ", value));
}

absl::Status CheckFields(const v1::GenerateRequest& request) {
  if (request.request_id().size() > kMaxRequestIdBytes) {
    return Wrong("request_id",
                 absl::StrCat("is over ", kMaxRequestIdBytes, " bytes long"));
  }
  if (request.has_n()) {
    RETURN_IF_ERROR(CheckRange("n", request.n(), 1, kMaxChoices));
  }
  if (request.has_num_logprobs()) {
    RETURN_IF_ERROR(
        CheckRange("num_logprobs", request.num_logprobs(), 0, kMaxLogprobs));
  }
  if (request.has_num_prompt_logprobs()) {
    RETURN_IF_ERROR(CheckRange("num_prompt_logprobs",
                               request.num_prompt_logprobs(), 0, kMaxLogprobs));
  }
  if (request.has_max_draft_tokens()) {
    RETURN_IF_ERROR(CheckRange("max_draft_tokens", request.max_draft_tokens(),
                               0, INT32_MAX));
  }
  if (request.stop_size() > kMaxStops) {
    return Wrong("stop", absl::StrCat("has ", request.stop_size(),
                                      " texts; at most ", kMaxStops));
  }
  for (const std::string& stop : request.stop()) {
    if (stop.empty()) return Wrong("stop", "must not be an empty text");
    if (stop.size() > kMaxStopBytes) {
      return Wrong("stop",
                   absl::StrCat("is over ", kMaxStopBytes, " bytes long"));
    }
  }
  if (request.prediction().size() > kMaxPredictionBytes) {
    return Wrong("prediction",
                 absl::StrCat("is over ", kMaxPredictionBytes, " bytes long"));
  }
  return absl::OkStatus();
}

// As an answer would say it.
absl::StatusOr<std::vector<int32_t>> PredictionTokens(const std::string& text,
                                                      const Words& words) {
  v1::Prompt prompt;
  prompt.mutable_text()->set_text(text);
  prompt.mutable_text()->set_parse_special(false);
  prompt.mutable_text()->set_add_special_tokens(false);
  return words.Tokens(prompt);
}

// How many tokens may be drawn after a prompt of `num_prompt`.
absl::StatusOr<int64_t> MaxTokens(const v1::GenerateRequest& request,
                                  int64_t num_prompt, int64_t context_len) {
  if (num_prompt == 0) return Wrong("prompt", "has no tokens");
  const bool draws = !request.has_max_tokens() || request.max_tokens() > 0;
  const int64_t room = context_len - num_prompt;
  if (room < (draws ? 1 : 0)) {
    return Wrong(
        "prompt",
        absl::StrCat("has ", num_prompt, " tokens: too many for a context of ",
                     context_len, draws ? " with an answer" : ""));
  }
  if (!request.has_max_tokens()) return room;
  if (request.max_tokens() < 0 || request.max_tokens() > room) {
    return Wrong(
        "max_tokens",
        absl::StrCat("is ", request.max_tokens(), ": must be from 0 to ", room,
                     ", what a context of ", context_len,
                     " leaves after a prompt of ", num_prompt));
  }
  return request.max_tokens();
}

uint64_t RandomSeed() {
  static thread_local std::mt19937_64 generator{std::random_device{}()};
  return generator();
}

sampling::SamplingParameters Parameters(const v1::SamplingParameters& from,
                                        const std::vector<int32_t>& ends) {
  sampling::SamplingParameters to;
  if (from.has_temperature()) to.temperature = from.temperature();
  if (from.has_top_p()) to.top_p = from.top_p();
  if (from.has_min_p()) to.min_p = from.min_p();
  if (from.has_top_k()) to.top_k = from.top_k();
  if (from.has_repetition_penalty()) {
    to.repetition_penalty = from.repetition_penalty();
  }
  if (from.has_frequency_penalty()) {
    to.frequency_penalty = from.frequency_penalty();
  }
  if (from.has_presence_penalty()) {
    to.presence_penalty = from.presence_penalty();
  }
  for (const auto& [token, bias] : from.logit_bias()) {
    to.logit_bias.push_back({token, bias});
  }
  if (from.has_min_tokens()) to.min_tokens = from.min_tokens();
  // The sampler bans what ends the answer until min_tokens are there.
  if (to.min_tokens > 0) to.stop_token_ids = ends;
  to.seed = from.has_seed() ? from.seed() : RandomSeed();
  return to;
}

absl::StatusOr<std::vector<int32_t>> EndTokens(
    const v1::GenerateRequest& request, const Words& words,
    int32_t vocab_size) {
  const auto& more = request.sampling().stop_token_ids();
  if (more.size() > sampling::kMaxStopTokenIds) {
    return Wrong("stop_token_ids",
                 absl::StrCat("has ", more.size(), " tokens; at most ",
                              sampling::kMaxStopTokenIds));
  }
  std::vector<int32_t> ends(more.begin(), more.end());
  for (const int32_t token : ends) {
    if (token < 0 || token >= vocab_size) {
      return Wrong("stop_token_ids",
                   absl::StrCat("token ", token,
                                " is outside the vocabulary of ", vocab_size));
    }
  }
  if (!request.ignore_eos()) {
    ends.insert(ends.end(), words.end_tokens().begin(),
                words.end_tokens().end());
  }
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  return ends;
}

// "temperature must be ..." into "temperature: must be ...".
absl::Status NameField(const absl::Status& status) {
  const absl::string_view message = status.message();
  const size_t end = message.find_first_of(" :");
  if (end == absl::string_view::npos || message[end] == ':') return status;
  return Wrong(message.substr(0, end), message.substr(end + 1));
}

absl::Status AddChoices(const v1::GenerateRequest& request, const Words& words,
                        const ServedLimits& served, int64_t max_tokens,
                        Generation* generation) {
  ChoiceLimits limits = {
      .max_tokens = max_tokens,
      .stop = {request.stop().begin(), request.stop().end()}};
  ASSIGN_OR_RETURN(limits.end_tokens,
                   EndTokens(request, words, served.vocab_size));
  const sampling::SamplingParameters parameters =
      Parameters(request.sampling(), limits.end_tokens);
  const int n = request.has_n() ? request.n() : 1;
  for (int i = 0; i < n; ++i) {
    sampling::SamplingParameters own = parameters;
    own.seed = sampling::ChoiceSeed(parameters.seed, i);
    absl::StatusOr<sampling::Sampler> sampler = sampling::Sampler::Create(
        std::move(own), served.vocab_size, generation->prompt);
    if (!sampler.ok()) return NameField(sampler.status());
    generation->choices.emplace_back(*std::move(sampler), &words.tokenizer(),
                                     limits);
  }
  return absl::OkStatus();
}

}  // namespace

void Generation::Respond(v1::GenerateResponse response) {
  std::shared_ptr<GenerateObserver> target;
  {
    std::lock_guard<std::mutex> lock(observer_mutex);
    target = observer;
  }
  if (target != nullptr) target->OnResponse(std::move(response));
}

void Generation::Finish(absl::Status status) {
  std::shared_ptr<GenerateObserver> target;
  {
    std::lock_guard<std::mutex> lock(observer_mutex);
    target.swap(observer);
  }
  if (target != nullptr) target->OnDone(std::move(status));
}

void Generation::Detach() {
  std::shared_ptr<GenerateObserver> dropped;
  std::lock_guard<std::mutex> lock(observer_mutex);
  dropped.swap(observer);
}

absl::StatusOr<std::shared_ptr<Generation>> PrepareGeneration(
    const v1::GenerateRequest& request, const Words& words,
    const ServedLimits& limits, absl::Time now) {
  RETURN_IF_ERROR(CheckFields(request));
  auto generation = std::make_shared<Generation>();
  ASSIGN_OR_RETURN(generation->prompt, words.Tokens(request.prompt()));
  ASSIGN_OR_RETURN(
      const int64_t max_tokens,
      MaxTokens(request, generation->prompt.size(), limits.context_len));
  generation->draws = max_tokens > 0;
  RETURN_IF_ERROR(
      AddChoices(request, words, limits, max_tokens, generation.get()));
  if (request.has_num_logprobs()) {
    generation->num_logprobs = request.num_logprobs();
  }
  if (request.has_num_prompt_logprobs()) {
    generation->num_prompt_logprobs = request.num_prompt_logprobs();
  }
  if (!request.prediction().empty()) {
    ASSIGN_OR_RETURN(generation->prediction,
                     PredictionTokens(request.prediction(), words));
  }
  if (request.has_max_draft_tokens()) {
    generation->max_draft_tokens = request.max_draft_tokens();
  }
  generation->return_prompt_token_ids = request.return_prompt_token_ids();
  generation->return_token_sources = request.return_token_sources();
  generation->stream = request.stream();
  generation->priority = request.priority();
  generation->cache_salt = request.cache_salt();
  generation->arrived = now;
  return generation;
}

}  // namespace tessera::verifier
