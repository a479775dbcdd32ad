#include "services/verifier/words.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/model/load_tokenizer.h"

namespace tessera::verifier {
namespace {

absl::Status AtFault(const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat("prompt: ", status.message()));
}

absl::StatusOr<std::vector<int32_t>> ChatTokens(
    const v1::ChatPrompt& chat,
    const absl::StatusOr<conversation::PromptTemplate>& prompt_template) {
  RETURN_IF_ERROR(prompt_template.status());
  std::vector<conversation::Message> messages;
  for (const v1::ChatMessage& message : chat.messages()) {
    messages.push_back({message.role(), message.content()});
  }
  return prompt_template->Tokens(messages, chat.has_add_generation_prompt()
                                               ? chat.add_generation_prompt()
                                               : true);
}

absl::StatusOr<std::vector<int32_t>> CheckedIds(const v1::TokenIds& tokens,
                                                int32_t vocab_size) {
  for (const int32_t id : tokens.ids()) {
    if (id < 0 || id >= vocab_size) {
      return absl::InvalidArgumentError(absl::StrCat(
          "token ", id, " is outside the vocabulary of ", vocab_size));
    }
  }
  return std::vector<int32_t>(tokens.ids().begin(), tokens.ids().end());
}

}  // namespace

absl::StatusOr<std::unique_ptr<const Words>> Words::Load(
    const Checkpoint& checkpoint) {
  ASSIGN_OR_RETURN(std::unique_ptr<const tokenizer::Tokenizer> tokenizer,
                   model::LoadTokenizer(checkpoint));
  ASSIGN_OR_RETURN(const std::string chat_template,
                   model::LoadChatTemplate(checkpoint));
  return Create(std::move(tokenizer), chat_template);
}

std::unique_ptr<const Words> Words::Create(
    std::unique_ptr<const tokenizer::Tokenizer> tokenizer,
    const std::string& chat_template) {
  std::unique_ptr<Words> words(new Words());
  words->tokenizer_ = std::move(tokenizer);
  words->template_ = conversation::PromptTemplate::Create(
      chat_template, words->tokenizer_.get());
  for (int32_t id = 0; id < words->tokenizer_->vocab_size(); ++id) {
    if (words->tokenizer_->IsEndOfGeneration(id)) {
      words->end_tokens_.push_back(id);
    }
  }
  return words;
}

absl::StatusOr<std::vector<int32_t>> Words::Tokens(
    const v1::Prompt& prompt) const {
  absl::StatusOr<std::vector<int32_t>> tokens;
  switch (prompt.prompt_case()) {
    case v1::Prompt::kChat:
      tokens = ChatTokens(prompt.chat(), template_);
      break;
    case v1::Prompt::kText: {
      const v1::TextPrompt& text = prompt.text();
      tokens = tokenizer_->Encode(
          text.text(),
          {.parse_special =
               text.has_parse_special() ? text.parse_special() : true,
           .add_special = text.has_add_special_tokens()
                              ? text.add_special_tokens()
                              : true});
      break;
    }
    case v1::Prompt::kTokens:
      tokens = CheckedIds(prompt.tokens(), tokenizer_->vocab_size());
      break;
    case v1::Prompt::PROMPT_NOT_SET:
      return absl::InvalidArgumentError("prompt: is missing");
  }
  if (!tokens.ok()) return AtFault(tokens.status());
  return tokens;
}

}  // namespace tessera::verifier
