// ChunkText: the events of a streamed answer, as text.
//
//   data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,
//   "model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"logprobs":null,
//   "finish_reason":null}]}
//
// A token costs no tree: what all events share is made once.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "proto/verifier.pb.h"
#include "services/gateway/answer_head.h"
#include "services/gateway/api_error.h"
#include "services/gateway/generation_request.h"
#include "services/gateway/logprobs_text.h"

namespace tessera::gateway {

class ChunkText {
 public:
  ChunkText(const GenerationRequest& request, const AnswerHead& head);

  // A choice's first event: of chat the role, of completions `text`. `logprobs`
  // is null, or holds those of the echoed prompt.
  void AppendFirst(int choice, absl::string_view text,
                   const verifier::v1::PromptInfo& prompt,
                   LogprobsText* logprobs, std::string* events) const;

  // What a choice gained, and, if it is finished, an event that says so.
  // `logprobs` is null if none are asked for.
  void AppendDelta(int choice, const verifier::v1::ChoiceDelta& delta,
                   LogprobsText* logprobs, std::string* events) const;

  // Usage and timings, as far as they are asked for, and [DONE].
  void AppendEnd(const verifier::v1::Usage& usage, std::string* events) const;

  static void AppendError(const ApiError& error, std::string* events);

 private:
  void AppendTextEvent(int choice, const verifier::v1::ChoiceDelta& delta,
                       LogprobsText* logprobs, std::string* events) const;
  void AppendFinishEvent(int choice, const verifier::v1::ChoiceDelta& delta,
                         bool has_tokens, LogprobsText* logprobs,
                         std::string* events) const;
  // From after the choice's text on.
  void AppendExtras(const verifier::v1::ChoiceDelta& delta, bool has_tokens,
                    LogprobsText* logprobs, std::string* events) const;

  const bool is_chat_;
  const bool include_usage_;
  const bool return_timings_;
  const bool return_token_ids_;
  const bool return_token_sources_;
  std::string envelope_;    // up to the list of choices
  std::string text_head_;   // from after the index up to the text
  std::string text_close_;  // what ends the text
  std::string end_;         // from after the choice on
  std::string text_tail_;   // from after the text on, where nothing is extra
};

}  // namespace tessera::gateway
