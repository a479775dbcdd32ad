// The words of a checkpoint: its tokenizer and its chat template.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/tokenizer/tokenizer.h"

namespace tessera::model {

// From tokenizer.ggml.* of a GGUF file, or the tokenizer.json beside
// safetensors. NotFound: there is none. Other errors name file and field.
absl::StatusOr<std::unique_ptr<const tokenizer::Tokenizer>> LoadTokenizer(
    const Checkpoint& checkpoint);

// The Jinja text that makes a prompt of chat messages; empty where the
// checkpoint has none. Errors as above.
absl::StatusOr<std::string> LoadChatTemplate(const Checkpoint& checkpoint);

}  // namespace tessera::model
