#include "services/speculator/sampling_message.h"

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace tessera::speculator {

v1::SamplingParameters ToMessage(const sampling::SamplingParameters& from) {
  v1::SamplingParameters to;
  to.set_temperature(from.temperature);
  to.set_top_p(from.top_p);
  to.set_min_p(from.min_p);
  to.set_top_k(from.top_k);
  to.set_repetition_penalty(from.repetition_penalty);
  to.set_frequency_penalty(from.frequency_penalty);
  to.set_presence_penalty(from.presence_penalty);
  for (const sampling::LogitBias& entry : from.logit_bias) {
    to.add_bias_tokens(entry.token);
    to.add_biases(entry.bias);
  }
  to.set_min_tokens(from.min_tokens);
  to.mutable_stop_token_ids()->Add(from.stop_token_ids.begin(),
                                   from.stop_token_ids.end());
  to.set_seed(from.seed);
  return to;
}

absl::StatusOr<sampling::SamplingParameters> FromMessage(
    const v1::SamplingParameters& from, int32_t vocab_size) {
  sampling::SamplingParameters to;
  to.temperature = from.temperature();
  to.top_p = from.top_p();
  to.min_p = from.min_p();
  to.top_k = from.top_k();
  to.repetition_penalty = from.repetition_penalty();
  to.frequency_penalty = from.frequency_penalty();
  to.presence_penalty = from.presence_penalty();
  if (from.bias_tokens_size() != from.biases_size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("biases: there are ", from.biases_size(), " of ",
                     from.bias_tokens_size(), " bias_tokens"));
  }
  for (int i = 0; i < from.biases_size(); ++i) {
    to.logit_bias.push_back({from.bias_tokens(i), from.biases(i)});
  }
  to.min_tokens = from.min_tokens();
  to.stop_token_ids.assign(from.stop_token_ids().begin(),
                           from.stop_token_ids().end());
  to.seed = from.seed();
  RETURN_IF_ERROR(to.Validate(vocab_size));
  return to;
}

}  // namespace tessera::speculator
