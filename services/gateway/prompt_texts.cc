#include "services/gateway/prompt_texts.h"

#include <memory>
#include <mutex>
#include <utility>

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;
using TextsOr = absl::StatusOr<std::vector<std::string>>;

// Calls `read` in its destructor, when the last answer has come.
struct Texts {
  ~Texts() { read(status.ok() ? TextsOr(std::move(texts)) : TextsOr(status)); }

  std::function<void(TextsOr)> read;
  std::mutex mutex;
  std::vector<std::string> texts;
  absl::Status status;  // the first error
};

void Ask(const v1::TokenIds& tokens, size_t index,
         const std::shared_ptr<Texts>& texts,
         verifier::VerifierClient* client) {
  v1::DetokenizeRequest request;
  *request.mutable_ids() = tokens.ids();
  client->Detokenize(
      std::move(request),
      [texts, index](const absl::StatusOr<v1::DetokenizeResponse>& response) {
        std::lock_guard<std::mutex> lock(texts->mutex);
        if (response.ok()) {
          texts->texts[index] = response->text();
        } else {
          texts->status.Update(response.status());
        }
      });
}

}  // namespace

void ReadPromptTexts(const std::vector<v1::GenerateRequest>& calls,
                     verifier::VerifierClient* client,
                     std::function<void(TextsOr)> read) {
  const auto texts = std::make_shared<Texts>();
  texts->read = std::move(read);
  texts->texts.resize(calls.size());
  for (size_t i = 0; i < calls.size(); ++i) {
    const v1::Prompt& prompt = calls[i].prompt();
    if (prompt.has_tokens()) {
      Ask(prompt.tokens(), i, texts, client);
    } else {
      std::lock_guard<std::mutex> lock(texts->mutex);
      texts->texts[i] = prompt.text().text();
    }
  }
}

}  // namespace tessera::gateway
