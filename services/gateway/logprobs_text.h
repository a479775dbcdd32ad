// A choice's log-probabilities as JSON, in OpenAI's two shapes.
#pragma once

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "proto/verifier.pb.h"

namespace tessera::gateway {

class LogprobsText {
 public:
  virtual ~LogprobsText() = default;

  // A prompt's first token, which has no probability.
  virtual void AddFirst(absl::string_view token) = 0;
  virtual void Add(const verifier::v1::TokenLogprobs& token) = 0;
  // Appends the object of what was added since the last call.
  virtual void Take(std::string* json) = 0;
};

// {"content":[{"token","logprob","bytes","top_logprobs":[...]}],"refusal":null}
std::unique_ptr<LogprobsText> NewChatLogprobs();

// {"tokens":[],"token_logprobs":[],"top_logprobs":[{}],"text_offset":[]}, the
// offsets in characters of the choice's whole text. A token that is no UTF-8
// is named "bytes:\xe2\x9c".
std::unique_ptr<LogprobsText> NewCompletionLogprobs();

}  // namespace tessera::gateway
