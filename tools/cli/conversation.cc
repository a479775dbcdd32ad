#include "tools/cli/conversation.h"

#include <utility>

#include "libs/base/status_macros.h"

namespace tessera::cli {

absl::StatusOr<Conversation> Conversation::Create(
    absl::string_view template_source, const tokenizer::Tokenizer* tokenizer) {
  if (template_source.empty()) {
    return absl::FailedPreconditionError(
        "the model has no chat template: `tessera complete` continues a text");
  }
  ASSIGN_OR_RETURN(chat_template::ChatTemplate chat,
                   chat_template::ChatTemplate::Parse(template_source));
  return Conversation(std::move(chat), tokenizer);
}

void Conversation::Add(absl::string_view role, absl::string_view content) {
  messages_.push_back({std::string(role), std::string(content)});
}

absl::StatusOr<std::vector<int32_t>> Conversation::Prompt() const {
  chat_template::RenderInput input;
  input.messages = messages_;
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

}  // namespace tessera::cli
