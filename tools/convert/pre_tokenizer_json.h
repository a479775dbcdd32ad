// How text is cut into words, in both spellings: GGUF's name for it and the
// steps of a tokenizer.json.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace tessera::convert {

// The "pre_tokenizer" of tokenizer.ggml.pre = `name`. Unimplemented for a name
// that is not known.
absl::StatusOr<nlohmann::json> PreTokenizerJson(const std::string& name);

// Whether that name brings Unicode's composition (NFC) along, and whether a
// word that is a token is left whole.
bool ComposesCharacters(const std::string& name);
bool IgnoresMerges(const std::string& name);

// The name of a "pre_tokenizer", or none where no name means just that.
std::optional<std::string> PreTokenizerName(const nlohmann::json& json);

}  // namespace tessera::convert
