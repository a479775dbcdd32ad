#include "services/gateway/answer.h"

namespace tessera::gateway {

std::unique_ptr<LogprobsText> NewLogprobs(const GenerationRequest& request) {
  if (!request.logprobs) return nullptr;
  return request.is_chat ? NewChatLogprobs() : NewCompletionLogprobs();
}

void AddPromptLogprobs(const verifier::v1::PromptInfo& prompt,
                       LogprobsText* logprobs) {
  if (prompt.token_texts().empty()) return;
  logprobs->AddFirst(prompt.token_texts(0));
  for (const verifier::v1::TokenLogprobs& token : prompt.logprobs()) {
    logprobs->Add(token);
  }
}

}  // namespace tessera::gateway
