// PromptTemplate: chat messages into a model's prompt, by its own template.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/chat_template/chat_template.h"
#include "libs/tokenizer/tokenizer.h"

namespace tessera::conversation {

using chat_template::Message;

class PromptTemplate {
 public:
  // `source`: Jinja. `tokenizer` outlives the template. FailedPrecondition: the
  // text is empty, the model is not one to chat with. InvalidArgument: it does
  // not parse.
  static absl::StatusOr<PromptTemplate> Create(
      absl::string_view source, const tokenizer::Tokenizer* tokenizer);

  // The prompt's tokens; with add_generation_prompt it asks for the
  // assistant's next message. What a message says never becomes a special
  // token. Errors as ChatTemplate::Render's. Thread-safe.
  absl::StatusOr<std::vector<int32_t>> Tokens(
      absl::Span<const Message> messages, bool add_generation_prompt) const;

 private:
  PromptTemplate(chat_template::ChatTemplate chat,
                 const tokenizer::Tokenizer* tokenizer)
      : chat_(std::move(chat)), tokenizer_(tokenizer) {}

  chat_template::ChatTemplate chat_;
  const tokenizer::Tokenizer* tokenizer_;
};

}  // namespace tessera::conversation
