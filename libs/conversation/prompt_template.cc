#include "libs/conversation/prompt_template.h"

#include <optional>
#include <string>
#include <utility>

#include "libs/base/status_macros.h"

namespace tessera::conversation {

absl::StatusOr<PromptTemplate> PromptTemplate::Create(
    absl::string_view source, const tokenizer::Tokenizer* tokenizer) {
  if (source.empty()) {
    return absl::FailedPreconditionError(
        "the model has no chat template: it continues texts, it does not chat");
  }
  ASSIGN_OR_RETURN(chat_template::ChatTemplate chat,
                   chat_template::ChatTemplate::Parse(source));
  return PromptTemplate(std::move(chat), tokenizer);
}

absl::StatusOr<std::vector<int32_t>> PromptTemplate::Tokens(
    absl::Span<const Message> messages, bool add_generation_prompt) const {
  chat_template::RenderInput input;
  input.messages.assign(messages.begin(), messages.end());
  input.add_generation_prompt = add_generation_prompt;
  const auto add_token = [&](const char* name, std::optional<int32_t> id) {
    if (id.has_value()) {
      input.special_tokens[name] = std::string(tokenizer_->TokenBytes(*id));
    }
  };
  add_token("bos_token", tokenizer_->bos());
  add_token("eos_token", tokenizer_->eos());
  ASSIGN_OR_RETURN(const std::vector<chat_template::Segment> segments,
                   chat_.Render(input));
  std::vector<tokenizer::TextSegment> texts;
  for (const chat_template::Segment& segment : segments) {
    texts.push_back({segment.text, /*parse_special=*/segment.from_template});
  }
  // The template writes BOS itself where the model wants one.
  return tokenizer_->EncodeSegments(texts, /*add_special=*/false);
}

}  // namespace tessera::conversation
