#include "services/gateway/chunk_text.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "libs/json/json_text.h"
#include "services/gateway/usage_text.h"

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;

void AppendIndex(int index, std::string* out) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof(digits), index).ptr;
  out->append(digits, end - digits);
}

}  // namespace

ChunkText::ChunkText(const GenerationRequest& request, const AnswerHead& head)
    : is_chat_(request.is_chat),
      include_usage_(request.include_usage),
      return_timings_(request.return_timings),
      return_token_ids_(request.return_token_ids),
      return_token_sources_(request.return_token_sources) {
  envelope_ = "data: {\"id\":";
  AppendJsonString(head.id, &envelope_);
  absl::StrAppend(&envelope_, ",\"object\":\"",
                  is_chat_ ? "chat.completion.chunk" : "text_completion",
                  "\",\"created\":", head.created_unix_seconds, ",\"model\":");
  AppendJsonString(request.model, &envelope_);
  absl::StrAppend(&envelope_, ",\"choices\":[");
  text_head_ = is_chat_ ? ",\"delta\":{\"content\":\"" : ",\"text\":\"";
  text_close_ = is_chat_ ? "\"}" : "\"";
  end_ = absl::StrCat("}]", include_usage_ ? ",\"usage\":null" : "", "}\n\n");
  text_tail_ = absl::StrCat(text_close_,
                            ",\"logprobs\":null,\"finish_reason\":null", end_);
}

void ChunkText::AppendFirst(int choice, absl::string_view text,
                            const v1::PromptInfo& prompt,
                            LogprobsText* logprobs, std::string* events) const {
  absl::StrAppend(events, envelope_, "{\"index\":", choice);
  if (is_chat_) {
    absl::StrAppend(events,
                    ",\"delta\":{\"role\":\"assistant\",\"content\":\"\"}");
  } else {
    absl::StrAppend(events, text_head_);
    AppendJsonEscaped(text, events);
    absl::StrAppend(events, text_close_);
  }
  absl::StrAppend(events, ",\"logprobs\":");
  if (logprobs != nullptr) {
    logprobs->Take(events);
  } else {
    absl::StrAppend(events, "null");
  }
  absl::StrAppend(events, ",\"finish_reason\":null}]");
  if (return_token_ids_) {
    absl::StrAppend(events, ",\"prompt_token_ids\":");
    AppendTokenIds(prompt.token_ids(), events);
  }
  // end_ without what closes the choice.
  absl::StrAppend(events, absl::string_view(end_).substr(2));
}

void ChunkText::AppendDelta(int choice, const v1::ChoiceDelta& delta,
                            LogprobsText* logprobs, std::string* events) const {
  const bool is_finished = delta.finish_reason() != v1::NOT_FINISHED;
  if (!is_finished && delta.text().empty() && delta.token_ids().empty()) return;
  // A last token that has no text goes with the reason.
  const bool has_text_event = !delta.text().empty() || !is_finished;
  if (has_text_event) AppendTextEvent(choice, delta, logprobs, events);
  if (is_finished) {
    AppendFinishEvent(choice, delta, !has_text_event, logprobs, events);
  }
}

void ChunkText::AppendTextEvent(int choice, const v1::ChoiceDelta& delta,
                                LogprobsText* logprobs,
                                std::string* events) const {
  events->append(envelope_).append("{\"index\":");
  AppendIndex(choice, events);
  events->append(text_head_);
  AppendJsonEscaped(delta.text(), events);
  if (logprobs == nullptr && !return_token_ids_ && !return_token_sources_) {
    events->append(text_tail_);
    return;
  }
  events->append(text_close_);
  AppendExtras(delta, /*has_tokens=*/true, logprobs, events);
  events->append(",\"finish_reason\":null").append(end_);
}

void ChunkText::AppendFinishEvent(int choice, const v1::ChoiceDelta& delta,
                                  bool has_tokens, LogprobsText* logprobs,
                                  std::string* events) const {
  absl::StrAppend(events, envelope_, "{\"index\":", choice,
                  is_chat_ ? ",\"delta\":{}" : ",\"text\":\"\"");
  AppendExtras(delta, has_tokens, logprobs, events);
  absl::StrAppend(events, ",\"finish_reason\":",
                  FinishReasonText(delta.finish_reason()), end_);
}

void ChunkText::AppendExtras(const v1::ChoiceDelta& delta, bool has_tokens,
                             LogprobsText* logprobs,
                             std::string* events) const {
  absl::StrAppend(events, ",\"logprobs\":");
  if (logprobs == nullptr || !has_tokens || delta.logprobs().empty()) {
    absl::StrAppend(events, "null");
  } else {
    for (const v1::TokenLogprobs& token : delta.logprobs()) {
      logprobs->Add(token);
    }
    logprobs->Take(events);
  }
  if (return_token_ids_) {
    absl::StrAppend(events, ",\"token_ids\":");
    AppendTokenIds(has_tokens ? delta.token_ids()
                              : google::protobuf::RepeatedField<int32_t>(),
                   events);
  }
  if (return_token_sources_) {
    absl::StrAppend(events, ",\"token_sources\":");
    AppendTokenSources(delta.sources(), has_tokens ? delta.token_ids_size() : 0,
                       events);
  }
}

void ChunkText::AppendEnd(const v1::Usage& usage, std::string* events) const {
  if (include_usage_ || return_timings_) {
    absl::StrAppend(events, envelope_, "]");
    if (include_usage_) {
      absl::StrAppend(events, ",\"usage\":");
      AppendUsage(usage, events);
    }
    if (return_timings_) {
      absl::StrAppend(events, ",\"timings\":");
      AppendTimings(usage, events);
    }
    absl::StrAppend(events, "}\n\n");
  }
  absl::StrAppend(events, "data: [DONE]\n\n");
}

void ChunkText::AppendError(const ApiError& error, std::string* events) {
  absl::StrAppend(events, "data: ", ErrorBody(error), "\n\n");
}

}  // namespace tessera::gateway
