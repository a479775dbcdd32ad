// The generation loop: prefill, then sample, decode, show, until the end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/tokenizer/tokenizer.h"
#include "tools/cli/generation_options.h"
#include "tools/cli/sequence_model.h"

namespace tessera::cli {

enum class FinishReason {
  kStop,    // an end token, or a stop text
  kLength,  // max_tokens, or the model's context is full
  kAbort,   // whoever was shown the text had enough
};
absl::string_view FinishReasonName(FinishReason reason);  // as in the HTTP API

struct GenerationTimes {
  int num_prompt = 0;     // tokens
  int num_cached = 0;     // of the prompt, found in the model already
  int num_generated = 0;  // the end token counts
  absl::Duration to_first_token;
  absl::Duration after_first_token;

  double PromptTokensPerSecond() const;  // of those not cached
  double DecodeTokensPerSecond() const;  // of all but the first
};

struct Generation {
  std::vector<int32_t> tokens;
  std::string text;  // neither end token nor stop text is in it
  FinishReason finish_reason = FinishReason::kLength;
  GenerationTimes times;
};

// Continues `prompt`. What `model` has in common with it already is kept, and
// the rest of the model's tokens are dropped. `show` gets the text as it comes,
// in whole characters; the pieces make up Generation::text. Where it returns
// false the answer ends.
// InvalidArgument: an empty prompt, one that leaves no room for a token, or a
// sampling field that is out of range.
absl::StatusOr<Generation> Generate(
    absl::Span<const int32_t> prompt, const GenerationOptions& options,
    const tokenizer::Tokenizer& tokenizer, SequenceModel* model,
    absl::FunctionRef<bool(absl::string_view)> show);

}  // namespace tessera::cli
