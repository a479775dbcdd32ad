// Conversation: chat messages into a model's prompt, by its own template.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/chat_template/chat_template.h"
#include "libs/tokenizer/tokenizer.h"

namespace tessera::cli {

class Conversation {
 public:
  // `template_source`: Jinja. `tokenizer` outlives the conversation.
  // FailedPrecondition: the text is empty, the model is not one to chat with.
  // InvalidArgument: it does not parse.
  static absl::StatusOr<Conversation> Create(
      absl::string_view template_source, const tokenizer::Tokenizer* tokenizer);

  // role: "system", "user" or "assistant".
  void Add(absl::string_view role, absl::string_view content);
  // Takes back the last message.
  void RemoveLast() { messages_.pop_back(); }
  // Back to its first `size` messages.
  void Resize(size_t size) { messages_.resize(size); }
  size_t size() const { return messages_.size(); }

  // The prompt that asks for the assistant's next message. What a message says
  // never becomes a special token. Errors as ChatTemplate::Render's.
  absl::StatusOr<std::vector<int32_t>> Prompt() const;

 private:
  Conversation(chat_template::ChatTemplate chat,
               const tokenizer::Tokenizer* tokenizer)
      : chat_(std::move(chat)), tokenizer_(tokenizer) {}

  chat_template::ChatTemplate chat_;
  const tokenizer::Tokenizer* tokenizer_;
  std::vector<chat_template::Message> messages_;
};

}  // namespace tessera::cli
