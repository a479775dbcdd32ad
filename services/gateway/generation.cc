#include "services/gateway/generation.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "services/gateway/usage_text.h"

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;

// The verifier knows a prompt, whatever the request calls it.
void NameField(bool is_chat, ApiError* error) {
  if (!is_chat || error->param != "prompt") return;
  error->param = "messages";
  error->message =
      absl::StrCat("messages", absl::string_view(error->message).substr(6));
}

}  // namespace

// Of one call. Holds the generation until the call is done.
class Generation::Observer : public verifier::GenerateObserver {
 public:
  Observer(std::shared_ptr<Generation> generation, size_t call_index)
      : generation_(std::move(generation)), call_index_(call_index) {}

  void OnResponse(v1::GenerateResponse response) override {
    generation_->OnResponse(call_index_, response);
  }
  void OnDone(absl::Status status) override {
    std::exchange(generation_, nullptr)->OnDone(call_index_, status);
  }

 private:
  std::shared_ptr<Generation> generation_;
  const size_t call_index_;
};

Generation::Generation(size_t num_calls, AnswerParts parts,
                       std::shared_ptr<ObservedExchange> exchange)
    : is_chat_(parts.request.is_chat),
      n_(parts.request.n),
      exchange_(std::move(exchange)),
      calls_(num_calls),
      is_done_(num_calls) {
  answer_ = parts.request.stream ? NewStreamAnswer(std::move(parts))
                                 : NewWholeAnswer(std::move(parts));
}

void Generation::Run(std::vector<v1::GenerateRequest> calls, AnswerParts parts,
                     std::shared_ptr<ObservedExchange> exchange,
                     verifier::VerifierClient* client) {
  const auto generation =
      std::make_shared<Generation>(calls.size(), std::move(parts), exchange);
  exchange->OnClosed([weak = std::weak_ptr<Generation>(generation)] {
    if (const auto held = weak.lock()) held->Abandon();
  });
  exchange.reset();  // the generation's end is the exchange's
  for (size_t i = 0; i < calls.size(); ++i) {
    generation->Keep(
        i, client->Generate(std::move(calls[i]),
                            std::make_shared<Observer>(generation, i)));
  }
}

void Generation::Keep(size_t call_index,
                      std::unique_ptr<verifier::GenerateCall> call) {
  std::shared_ptr<verifier::GenerateCall> kept = std::move(call);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (is_done_[call_index]) return;
    calls_[call_index] = kept;
    if (answer_ != nullptr) return;
  }
  kept->Cancel();  // it was over before this call began
}

void Generation::OnResponse(size_t call_index,
                            const v1::GenerateResponse& response) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (answer_ == nullptr) return;
    const int first_choice = static_cast<int>(call_index) * n_;
    if (response.has_prompt()) {
      answer_->AddPrompt(static_cast<int>(call_index), response.prompt());
    }
    for (const v1::ChoiceDelta& delta : response.deltas()) {
      if (delta.index() < 0 || delta.index() >= n_) continue;
      if (delta.finish_reason() != v1::NOT_FINISHED) {
        reason_ = delta.finish_reason();
      }
      answer_->Add(first_choice + delta.index(), delta);
    }
    if (response.has_usage()) AddUsage(response.usage(), &usage_);
    if (answer_->Flush()) return;
  }
  Abandon();
}

void Generation::OnDone(size_t call_index, const absl::Status& status) {
  Remains remains;
  std::shared_ptr<verifier::GenerateCall> done;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_done_[call_index] = true;
    done = std::move(calls_[call_index]);
    if (answer_ == nullptr) return;
    ++num_done_;
    if (!status.ok()) {
      Fail(status);
      remains = End("error");
    } else if (num_done_ == calls_.size()) {
      answer_->Finish(usage_);
      remains = End(reason_ == v1::STOP ? "stop" : "length");
    }
  }
  LetGo(std::move(remains));
}

void Generation::Abandon() {
  Remains remains;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (answer_ == nullptr) return;
    remains = End("closed");
  }
  LetGo(std::move(remains));
}

Generation::Remains Generation::End(const char* reason) {
  exchange_->record().finish_reason = reason;
  exchange_->record().usage = usage_;
  return {calls_, std::move(answer_), std::move(exchange_)};
}

void Generation::LetGo(Remains remains) {
  for (const auto& call : remains.calls) {
    if (call != nullptr) call->Cancel();
  }
}

void Generation::Fail(const absl::Status& status) {
  ApiError error = ApiErrorFromStatus(status);
  if (error.status == 500) {
    log::Event(log::kError, "generation failed",
               {{"request_id", exchange_->record().request_id},
                {"error", status.ToString()}});
  }
  NameField(is_chat_, &error);
  answer_->Fail(error);
}

}  // namespace tessera::gateway
