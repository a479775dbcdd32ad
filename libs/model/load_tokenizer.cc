#include "libs/model/load_tokenizer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/model/vocabulary_from_gguf.h"
#include "nlohmann/json.hpp"

namespace tessera::model {

using tokenizer::Tokenizer;

namespace {

// A text, or a list of named ones, of which the one named "default" counts.
std::string TemplateOf(const nlohmann::json& config) {
  if (!config.is_object()) return "";
  const auto found = config.find("chat_template");
  if (found == config.end()) return "";
  if (found->is_string()) return found->get<std::string>();
  if (!found->is_array()) return "";
  for (const nlohmann::json& entry : *found) {
    if (entry.is_object() &&
        entry.value("name", nlohmann::json()) == "default") {
      const auto text = entry.find("template");
      if (text != entry.end() && text->is_string()) {
        return text->get<std::string>();
      }
    }
  }
  return "";
}

}  // namespace

absl::StatusOr<std::unique_ptr<const Tokenizer>> LoadTokenizer(
    const Checkpoint& checkpoint) {
  const CheckpointSource source = checkpoint.source();
  absl::StatusOr<std::unique_ptr<const Tokenizer>> tokenizer;
  if (source.gguf != nullptr) {
    ASSIGN_OR_RETURN(tokenizer::Vocabulary vocabulary,
                     ReadGgufVocabulary(*source.gguf));
    tokenizer = Tokenizer::Create(std::move(vocabulary));
  } else if (source.directory->tokenizer_json.has_value()) {
    tokenizer = Tokenizer::FromTokenizerJson(*source.directory->tokenizer_json);
  } else {
    tokenizer =
        absl::NotFoundError("there is no tokenizer.json beside the weights");
  }
  if (!tokenizer.ok()) {
    return Annotate(tokenizer.status(),
                    absl::StrCat(checkpoint.path(), ": tokenizer"));
  }
  return tokenizer;
}

absl::StatusOr<std::string> LoadChatTemplate(const Checkpoint& checkpoint) {
  const CheckpointSource source = checkpoint.source();
  if (source.gguf != nullptr) {
    const absl::StatusOr<absl::string_view> text =
        source.gguf->GetString("tokenizer.chat_template");
    if (absl::IsNotFound(text.status())) return "";
    RETURN_IF_ERROR(text.status());
    return std::string(*text);
  }
  if (source.directory->chat_template.has_value()) {
    return *source.directory->chat_template;
  }
  return TemplateOf(source.directory->tokenizer_config);
}

}  // namespace tessera::model
