#include "services/prefix_cache/client/guarded_client.h"

#include <atomic>
#include <utility>

#include "libs/log/log.h"

namespace tessera::prefix_cache {
namespace {

void Tell(CircuitBreaker* breaker, const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kNotFound:
      if (breaker->Succeeded()) {
        log::Event(log::kInfo, "prefix store answers again");
      }
      return;
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInvalidArgument:
      return breaker->Abandoned();
    default:
      if (breaker->Failed()) {
        log::Event(log::kWarning, "prefix store failed; seldom asked for now",
                   {{"error", status.ToString()}});
      }
  }
}

absl::Status Open() {
  return absl::UnavailableError("prefix cache: not asked, it failed of late");
}

template <typename Response>
Callback<Response> Told(std::shared_ptr<CircuitBreaker> breaker,
                        Callback<Response> done) {
  return [breaker = std::move(breaker),
          done = std::move(done)](absl::StatusOr<Response> response) {
    Tell(breaker.get(), response.status());
    done(std::move(response));
  };
}

// Tells the breaker of a Get, once: at its end, or when its caller lets go.
class Watch : public GetObserver {
 public:
  Watch(std::shared_ptr<CircuitBreaker> breaker,
        std::shared_ptr<GetObserver> observer)
      : breaker_(std::move(breaker)), observer_(std::move(observer)) {}
  ~Watch() override { TellOnce(absl::CancelledError()); }

  void OnBlock(size_t block, const Payload& payload) override {
    observer_->OnBlock(block, payload);
  }
  void OnDone(absl::Status status) override {
    TellOnce(status);
    observer_->OnDone(std::move(status));
  }

 private:
  void TellOnce(const absl::Status& status) {
    if (!is_told_.exchange(true)) Tell(breaker_.get(), status);
  }

  const std::shared_ptr<CircuitBreaker> breaker_;
  const std::shared_ptr<GetObserver> observer_;
  std::atomic<bool> is_told_ = false;
};

// A call that was not made.
class NoCall : public GetCall {
 public:
  void Cancel() override {}
};

}  // namespace

GuardedClient::GuardedClient(std::unique_ptr<PrefixCacheClient> client,
                             CircuitBreakerOptions options)
    : breaker_(std::make_shared<CircuitBreaker>(std::move(options))),
      client_(std::move(client)) {}

void GuardedClient::Match(const Chain& chain, absl::Time deadline,
                          Callback<MatchedBlocks> done) {
  if (!breaker_->Allow()) return done(Open());
  client_->Match(chain, deadline, Told(breaker_, std::move(done)));
}

std::unique_ptr<GetCall> GuardedClient::Get(
    std::shared_ptr<const Chain> chain, size_t first, size_t count,
    absl::Time deadline, std::shared_ptr<GetObserver> observer) {
  if (!breaker_->Allow()) {
    observer->OnDone(Open());
    return std::make_unique<NoCall>();
  }
  return client_->Get(std::move(chain), first, count, deadline,
                      std::make_shared<Watch>(breaker_, std::move(observer)));
}

void GuardedClient::Put(std::shared_ptr<const Chain> chain, size_t first,
                        std::vector<PutPayload> payloads, absl::Time deadline,
                        Callback<v1::PutResponse> done) {
  if (!breaker_->Allow()) return done(Open());
  client_->Put(std::move(chain), first, std::move(payloads), deadline,
               Told(breaker_, std::move(done)));
}

void GuardedClient::Stats(absl::Time deadline,
                          Callback<v1::StatsResponse> done) {
  if (!breaker_->Allow()) return done(Open());
  client_->Stats(deadline, Told(breaker_, std::move(done)));
}

void GuardedClient::Evict(const Hash* root, absl::Time deadline,
                          Callback<v1::EvictResponse> done) {
  if (!breaker_->Allow()) return done(Open());
  client_->Evict(root, deadline, Told(breaker_, std::move(done)));
}

}  // namespace tessera::prefix_cache
