// Words: the served model's tokenizer and chat template.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/conversation/prompt_template.h"
#include "libs/tokenizer/tokenizer.h"
#include "proto/verifier.pb.h"

namespace tessera::verifier {

// Thread-safe.
class Words {
 public:
  // Errors name the file. A model without a chat template that we can run
  // continues texts; chat_status says why it does no more.
  static absl::StatusOr<std::unique_ptr<const Words>> Load(
      const Checkpoint& checkpoint);

  // chat_template: Jinja, or empty.
  static std::unique_ptr<const Words> Create(
      std::unique_ptr<const tokenizer::Tokenizer> tokenizer,
      const std::string& chat_template);

  const tokenizer::Tokenizer& tokenizer() const { return *tokenizer_; }
  const absl::Status& chat_status() const { return template_.status(); }
  // Every token that ends an answer, rising.
  const std::vector<int32_t>& end_tokens() const { return end_tokens_; }

  // The prompt's tokens, at least one. InvalidArgument, starting with
  // "prompt: ": no tokens, an id outside the vocabulary, what the template
  // refuses, chat without a template, a text too long.
  absl::StatusOr<std::vector<int32_t>> Tokens(const v1::Prompt& prompt) const;

 private:
  Words() = default;

  std::unique_ptr<const tokenizer::Tokenizer> tokenizer_;
  absl::StatusOr<conversation::PromptTemplate> template_;
  std::vector<int32_t> end_tokens_;
};

}  // namespace tessera::verifier
