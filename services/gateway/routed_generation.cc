#include "services/gateway/routed_generation.h"

#include <mutex>
#include <utility>

#include "services/gateway/prefix_affinity.h"

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;

// Lives while an attempt is under way or its caller holds the call.
class RoutedGeneration : public std::enable_shared_from_this<RoutedGeneration> {
 public:
  RoutedGeneration(std::shared_ptr<PoolParts> parts,
                   v1::GenerateRequest request,
                   std::shared_ptr<verifier::GenerateObserver> observer)
      : parts_(std::move(parts)),
        request_(std::move(request)),
        prefix_hash_(PrefixHash(request_.prompt(), request_.cache_salt())),
        observer_(std::move(observer)),
        tried_(parts_->table.size()) {}

  // Asks the next verifier; if none is left, tells the observer.
  void Attempt();
  void Cancel();
  // The caller's GenerateCall is gone: nobody is told any more.
  void Abandon();

 private:
  class AttemptObserver;

  void OnResponse(v1::GenerateResponse response);
  void OnDone(size_t index, int attempt, const absl::Status& status);

  const std::shared_ptr<PoolParts> parts_;
  const v1::GenerateRequest request_;
  const uint64_t prefix_hash_;

  std::mutex mutex_;
  std::shared_ptr<verifier::GenerateObserver> observer_;  // null at the end
  std::vector<bool> tried_;
  std::shared_ptr<verifier::GenerateCall> call_;  // of the latest attempt
  int num_begun_ = 0;                             // attempts
  int num_done_ = 0;
  bool is_cancelled_ = false;
  bool has_started_ = false;  // the observer was told something
  // A prompt that came without tokens: another verifier may still take over.
  v1::GenerateResponse held_;
};

class RoutedGeneration::AttemptObserver : public verifier::GenerateObserver {
 public:
  AttemptObserver(std::shared_ptr<RoutedGeneration> generation, size_t index,
                  int attempt)
      : generation_(std::move(generation)), index_(index), attempt_(attempt) {}

  void OnResponse(v1::GenerateResponse response) override {
    generation_->OnResponse(std::move(response));
  }
  void OnDone(absl::Status status) override {
    std::exchange(generation_, nullptr)->OnDone(index_, attempt_, status);
  }

 private:
  std::shared_ptr<RoutedGeneration> generation_;
  const size_t index_;
  const int attempt_;
};

void RoutedGeneration::Attempt() {
  std::optional<size_t> index;
  std::shared_ptr<verifier::GenerateObserver> refused;
  int attempt = 0;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    index = parts_->table.Choose(prefix_hash_, tried_);
    if (index.has_value()) {
      tried_[*index] = true;
      attempt = ++num_begun_;
    } else {
      refused = std::exchange(observer_, nullptr);
    }
  }
  if (!index.has_value()) {
    if (refused != nullptr) refused->OnDone(NoneCanAnswer());
    return;
  }
  if (attempt > 1) parts_->retries.Add();
  const std::shared_ptr<verifier::VerifierClient> client =
      parts_->client(*index);
  if (client == nullptr) return OnDone(*index, attempt, NoneCanAnswer());
  std::shared_ptr<verifier::GenerateCall> call = client->Generate(
      request_,
      std::make_shared<AttemptObserver>(shared_from_this(), *index, attempt));
  bool is_cancelled = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (num_done_ >= attempt) return;  // it is over, or another began
    call_ = call;
    is_cancelled = is_cancelled_;
  }
  if (is_cancelled) call->Cancel();
}

void RoutedGeneration::Cancel() {
  std::shared_ptr<verifier::GenerateCall> call;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_cancelled_ = true;
    call = call_;
  }
  if (call != nullptr) call->Cancel();
}

void RoutedGeneration::Abandon() {
  std::shared_ptr<verifier::GenerateObserver> observer;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    observer = std::move(observer_);
  }
  Cancel();
}

void RoutedGeneration::OnResponse(v1::GenerateResponse response) {
  std::shared_ptr<verifier::GenerateObserver> observer;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (response.deltas().empty() && !response.has_usage()) {
      held_.MergeFrom(response);
      return;
    }
    if (held_.has_prompt()) {
      response.mutable_prompt()->Swap(held_.mutable_prompt());
      held_.Clear();
    }
    has_started_ = true;
    observer = observer_;
  }
  if (observer != nullptr) observer->OnResponse(std::move(response));
}

void RoutedGeneration::OnDone(size_t index, int attempt,
                              const absl::Status& status) {
  parts_->table.Release(index);
  if (absl::IsUnavailable(status)) parts_->table.Eject(index, status);
  std::shared_ptr<verifier::GenerateObserver> observer;
  std::shared_ptr<verifier::GenerateCall> call;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    num_done_ = attempt;
    call = std::move(call_);
    const bool may_try_another =
        absl::IsUnavailable(status) && !has_started_ && !is_cancelled_;
    held_.Clear();
    if (!may_try_another) {
      observer = std::exchange(observer_, nullptr);
      if (observer == nullptr) return;
    }
  }
  if (observer != nullptr) {
    observer->OnDone(absl::IsUnavailable(status) ? LostVerifier() : status);
  } else {
    Attempt();
  }
}

class RoutedCall : public verifier::GenerateCall {
 public:
  explicit RoutedCall(std::shared_ptr<RoutedGeneration> generation)
      : generation_(std::move(generation)) {}
  ~RoutedCall() override { generation_->Abandon(); }
  void Cancel() override { generation_->Cancel(); }

 private:
  const std::shared_ptr<RoutedGeneration> generation_;
};

}  // namespace

PoolParts::PoolParts(std::vector<std::string> addresses, Clients clients,
                     metrics::Registry* registry)
    : table(std::move(addresses), registry),
      retries(registry->AddCounter(
          "tessera_gateway_retries_total",
          "Requests sent to another verifier, as one was gone.")),
      clients_(std::move(clients)) {}

std::shared_ptr<verifier::VerifierClient> PoolParts::client(
    size_t index) const {
  std::lock_guard<std::mutex> lock(mutex_);
  return clients_.empty() ? nullptr : clients_[index];
}

PoolParts::Clients PoolParts::TakeClients() {
  table.Close();
  std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(clients_, {});
}

std::unique_ptr<verifier::GenerateCall> RouteGeneration(
    std::shared_ptr<PoolParts> parts, v1::GenerateRequest request,
    std::shared_ptr<verifier::GenerateObserver> observer) {
  auto generation = std::make_shared<RoutedGeneration>(
      std::move(parts), std::move(request), std::move(observer));
  generation->Attempt();
  return std::make_unique<RoutedCall>(std::move(generation));
}

}  // namespace tessera::gateway
