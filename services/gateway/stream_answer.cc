// NewStreamAnswer: server-sent events.
#include <utility>

#include "services/gateway/answer.h"
#include "services/gateway/chunk_text.h"

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;

class StreamAnswer : public Answer {
 public:
  explicit StreamAnswer(AnswerParts parts)
      : parts_(std::move(parts)),
        text_(parts_.request, parts_.head),
        is_finished_(parts_.num_choices()) {
    for (size_t i = 0; i < parts_.num_choices(); ++i) {
      logprobs_.push_back(NewLogprobs(parts_.request));
    }
  }

  void AddPrompt(int prompt_index, const v1::PromptInfo& prompt) override {
    const GenerationRequest& request = parts_.request;
    if (!request.is_chat && !request.echo && !request.return_token_ids) return;
    const bool has_logprobs = request.echo && request.logprobs;
    for (int k = 0; k < request.n; ++k) {
      const int choice = prompt_index * request.n + k;
      LogprobsText* logprobs = logprobs_[choice].get();
      if (has_logprobs) AddPromptLogprobs(prompt, logprobs);
      text_.AppendFirst(choice,
                        request.echo ? parts_.prompt_texts[prompt_index] : "",
                        prompt, has_logprobs ? logprobs : nullptr, &events_);
    }
  }

  void Add(int choice, const v1::ChoiceDelta& delta) override {
    if (delta.finish_reason() != v1::NOT_FINISHED) is_finished_[choice] = true;
    text_.AppendDelta(choice, delta, logprobs_[choice].get(), &events_);
  }

  bool Flush() override {
    if (events_.empty()) return true;
    Begin();
    std::string events;
    events.reserve(kReservedBytes);
    events.swap(events_);
    return parts_.exchange->Write(std::move(events));
  }

  void Finish(const v1::Usage& usage) override {
    v1::ChoiceDelta length;  // nothing was to be generated
    length.set_finish_reason(v1::LENGTH);
    for (size_t i = 0; i < is_finished_.size(); ++i) {
      if (!is_finished_[i]) Add(static_cast<int>(i), length);
    }
    text_.AppendEnd(usage, &events_);
    Flush();
    parts_.exchange->Finish();
  }

  void Fail(const ApiError& error) override {
    if (!has_begun_) {
      parts_.exchange->Send(ErrorResponse(error));
      return;
    }
    ChunkText::AppendError(error, &events_);
    Flush();
    parts_.exchange->Finish();
  }

 private:
  static constexpr size_t kReservedBytes = 512;  // above a chunk's length

  void Begin() {
    if (std::exchange(has_begun_, true)) return;
    http::Response head;
    head.content_type = "text/event-stream; charset=utf-8";
    // Or proxies gather the events.
    head.headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
    parts_.exchange->Begin(std::move(head));
  }

  const AnswerParts parts_;
  const ChunkText text_;
  std::vector<std::unique_ptr<LogprobsText>> logprobs_;  // of each choice
  std::vector<bool> is_finished_;                        // of each choice
  std::string events_;                                   // to be sent
  bool has_begun_ = false;
};

}  // namespace

std::unique_ptr<Answer> NewStreamAnswer(AnswerParts parts) {
  return std::make_unique<StreamAnswer>(std::move(parts));
}

}  // namespace tessera::gateway
