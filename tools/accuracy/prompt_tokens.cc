#include "tools/accuracy/prompt_tokens.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/conversation/prompt_template.h"

namespace tessera::accuracy {
namespace {

using tokenizer::Tokenizer;

absl::StatusOr<std::vector<int32_t>> ChatTokens(const std::string& text,
                                                const Tokenizer& tokenizer,
                                                absl::string_view source) {
  ASSIGN_OR_RETURN(const conversation::PromptTemplate prompt,
                   conversation::PromptTemplate::Create(source, &tokenizer));
  const conversation::Message message = {"user", text};
  return prompt.Tokens({message}, /*add_generation_prompt=*/true);
}

}  // namespace

absl::StatusOr<std::vector<int32_t>> PromptTokens(
    const Prompt& prompt, const Tokenizer& tokenizer,
    absl::string_view chat_template) {
  absl::StatusOr<std::vector<int32_t>> tokens =
      prompt.kind == Prompt::Kind::kChat
          ? ChatTokens(prompt.text, tokenizer, chat_template)
          : tokenizer.Encode(prompt.text, {.add_special = true});
  if (!tokens.ok()) {
    return Annotate(tokens.status(), absl::StrCat("prompt ", prompt.name));
  }
  return tokens;
}

}  // namespace tessera::accuracy
