#include "tools/accuracy/prompt_tokens.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/chat_template.h"

namespace tessera::accuracy {
namespace {

using tokenizer::Tokenizer;

chat_template::RenderInput UserMessage(const std::string& text,
                                       const Tokenizer& tokenizer) {
  chat_template::RenderInput input;
  input.messages = {{"user", text}};
  if (tokenizer.bos()) {
    input.special_tokens["bos_token"] =
        std::string(tokenizer.TokenBytes(*tokenizer.bos()));
  }
  if (tokenizer.eos()) {
    input.special_tokens["eos_token"] =
        std::string(tokenizer.TokenBytes(*tokenizer.eos()));
  }
  return input;
}

absl::StatusOr<std::vector<int32_t>> ChatTokens(const std::string& text,
                                                const Tokenizer& tokenizer,
                                                absl::string_view source) {
  if (source.empty()) {
    return absl::InvalidArgumentError("the model has no chat template");
  }
  ASSIGN_OR_RETURN(const chat_template::ChatTemplate chat,
                   chat_template::ChatTemplate::Parse(source));
  ASSIGN_OR_RETURN(const std::vector<chat_template::Segment> segments,
                   chat.Render(UserMessage(text, tokenizer)));
  std::vector<tokenizer::TextSegment> parts;
  for (const chat_template::Segment& segment : segments) {
    parts.push_back({segment.text, segment.from_template});
  }
  // A template writes the BOS itself where there is one.
  return tokenizer.EncodeSegments(parts, /*add_special=*/false);
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
