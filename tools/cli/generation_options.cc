#include "tools/cli/generation_options.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/status_macros.h"

namespace tessera::cli {
namespace {

absl::Status ParseLogitBias(absl::string_view text,
                            sampling::LogitBias* entry) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (!absl::SimpleAtoi(parts.first, &entry->token) ||
      !absl::SimpleAtof(parts.second, &entry->bias)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected TOKEN=BIAS, such as 15=-100, got \"", text, "\""));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status GenerationOptions::Validate() const {
  if (max_tokens < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_tokens must be at least 1, not ", max_tokens));
  }
  if (stop.size() > kMaxStops) {
    return absl::InvalidArgumentError(absl::StrCat(
        "stop has ", stop.size(), " texts; at most ", kMaxStops, " are taken"));
  }
  for (const std::string& text : stop) {
    if (text.empty()) {
      return absl::InvalidArgumentError("stop must not be an empty text");
    }
  }
  return sampling.Validate(sampling::kMaxVocabSize);
}

void AddGenerationFlags(options::Flags* flags, GenerationOptions* options) {
  sampling::SamplingParameters& sampling = options->sampling;
  flags->Int("max-tokens", &options->max_tokens, "tokens of the answer at most")
      .Short('n');
  flags->Real("temperature", &sampling.temperature,
              "0 takes the likeliest token, 1 draws from the model's "
              "distribution, up to 100 flattens it");
  flags->Int("top-k", &sampling.top_k,
             "draw among the k likeliest tokens; 0: among all");
  flags->Real("top-p", &sampling.top_p,
              "draw among the likeliest tokens that together have this "
              "probability, (0, 1]");
  flags->Real("min-p", &sampling.min_p,
              "draw among tokens at least this share as likely as the "
              "likeliest, [0, 1]");
  flags->Real(
      "repetition-penalty", &sampling.repetition_penalty,
      "divides the logits of tokens seen in prompt or answer, (0, 100]");
  flags->Real("frequency-penalty", &sampling.frequency_penalty,
              "taken off a logit per occurrence in the answer, [-2, 2]");
  flags->Real("presence-penalty", &sampling.presence_penalty,
              "taken off the logit of each token of the answer, [-2, 2]");
  std::vector<sampling::LogitBias>* bias = &sampling.logit_bias;
  flags->Custom({.name = "logit-bias",
                 .value_word = "TOKEN=BIAS",
                 .help = "added to a token's logit, [-100, 100]; may be "
                         "repeated",
                 .set =
                     [bias](absl::string_view text) {
                       return ParseLogitBias(text, &bias->emplace_back());
                     },
                 .clear = [bias] { bias->clear(); }});
  flags->Uint64("seed", &options->seed,
                "the same seed draws the same answer (default: 0)");
  flags->Texts("stop", &options->stop, "TEXT", "the answer ends before it");
  flags->Ints("stop-token-ids", &sampling.stop_token_ids, 0,
              sampling::kMaxVocabSize, "tokens that end the answer");
  flags->Int("min-tokens", &sampling.min_tokens,
             "no end token before so many tokens");
  flags->Switch("ignore-eos", &options->ignore_eos,
                "go on after an end token, up to max-tokens");
}

}  // namespace tessera::cli
