// tokenizer.json and tokenizer_config.json of Hugging Face, to and from a
// Vocabulary: byte-level BPE.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/tokenizer/vocabulary.h"
#include "nlohmann/json.hpp"

namespace tessera::convert {

// Unimplemented: a SentencePiece vocabulary, or a pre-tokenizer without a
// spelling in tokenizer.json.
absl::StatusOr<nlohmann::json> ToTokenizerJson(
    const tokenizer::Vocabulary& vocabulary);

nlohmann::json ToTokenizerConfig(const tokenizer::Vocabulary& vocabulary,
                                 const std::string& chat_template);

// What both files say together; `tokenizer_config` may be null. Unimplemented:
// a tokenizer that is not byte-level BPE with a pre-tokenizer that GGUF has a
// name for. InvalidArgument: no tokenizer.json.
absl::StatusOr<tokenizer::Vocabulary> FromTokenizerJson(
    absl::string_view tokenizer_json, const nlohmann::json& tokenizer_config);

}  // namespace tessera::convert
