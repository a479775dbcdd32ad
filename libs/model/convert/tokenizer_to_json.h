// Writes a GGUF file's tokenizer as Hugging Face's tokenizer.json and
// tokenizer_config.json.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/tokenizer/vocabulary.h"
#include "nlohmann/json.hpp"

namespace tessera::model {

// A tokenizer.json that gives the same ids. Errors are SpecFromVocabulary's.
absl::StatusOr<nlohmann::json> TokenizerToJson(
    const tokenizer::Vocabulary& vocabulary);

// For PreTrainedTokenizerFast, which adds nothing of its own to the above.
// `chat_template` may be empty. The ids lie within the vocabulary.
nlohmann::json TokenizerConfigToJson(const tokenizer::Vocabulary& vocabulary,
                                     absl::string_view chat_template,
                                     int64_t context_len);

}  // namespace tessera::model
