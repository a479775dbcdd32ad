// A prompt as the model gets it.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/tokenizer/tokenizer.h"
#include "tools/accuracy/prompts.h"

namespace tessera::accuracy {

// A raw prompt's tokens, special ones and the model's BOS included; or a chat
// prompt's, as the first message of a user, up to where the answer begins.
// `chat_template` is the model's Jinja text. Errors name the prompt:
// FailedPrecondition for a chat prompt and a model without a template,
// InvalidArgument where the template refuses it.
absl::StatusOr<std::vector<int32_t>> PromptTokens(
    const Prompt& prompt, const tokenizer::Tokenizer& tokenizer,
    absl::string_view chat_template);

}  // namespace tessera::accuracy
