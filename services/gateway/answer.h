// Answer: what becomes of a generation's responses. A stream of events, or one
// reply at the end.
//
// One call at a time. Choice `index` is of prompt index / n.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/http/server.h"
#include "proto/verifier.pb.h"
#include "services/gateway/answer_head.h"
#include "services/gateway/api_error.h"
#include "services/gateway/generation_request.h"
#include "services/gateway/logprobs_text.h"

namespace tessera::gateway {

class Answer {
 public:
  virtual ~Answer() = default;

  // A prompt was taken; before any of its choices' deltas.
  virtual void AddPrompt(int prompt_index,
                         const verifier::v1::PromptInfo& prompt) = 0;
  virtual void Add(int choice, const verifier::v1::ChoiceDelta& delta) = 0;
  // Sends what was added, if this kind of answer does so before its end. False:
  // nobody reads any more.
  virtual bool Flush() = 0;

  // One of them, once: the last call.
  virtual void Finish(const verifier::v1::Usage& usage) = 0;
  virtual void Fail(const ApiError& error) = 0;
};

// What both kinds are made from.
struct AnswerParts {
  GenerationRequest request;  // its calls are not needed
  AnswerHead head;
  std::vector<std::string> prompt_texts;  // to echo, one a prompt; else empty
  size_t num_prompts = 1;
  std::shared_ptr<http::Exchange> exchange;

  size_t num_choices() const {
    return num_prompts * static_cast<size_t>(request.n);
  }
};

std::unique_ptr<Answer> NewStreamAnswer(AnswerParts parts);
std::unique_ptr<Answer> NewWholeAnswer(AnswerParts parts);

// Of one choice; null where the request asks for none.
std::unique_ptr<LogprobsText> NewLogprobs(const GenerationRequest& request);

// The echoed prompt's, into `logprobs`.
void AddPromptLogprobs(const verifier::v1::PromptInfo& prompt,
                       LogprobsText* logprobs);

}  // namespace tessera::gateway
