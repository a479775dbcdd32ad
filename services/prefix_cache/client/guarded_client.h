// GuardedClient: another client behind a circuit breaker.
//
// While it is open, every call ends at once with Unavailable. Errors, deadlines
// that pass and blocks that are not what was asked for are failures; a miss is
// not, nor is a call that its caller cancels, nor a request that is at fault.
// That it opens, why, and that it closes is logged.
#pragma once

#include <memory>

#include "services/prefix_cache/client/circuit_breaker.h"
#include "services/prefix_cache/client/prefix_cache_client.h"

namespace tessera::prefix_cache {

class GuardedClient : public PrefixCacheClient {
 public:
  explicit GuardedClient(std::unique_ptr<PrefixCacheClient> client,
                         CircuitBreakerOptions options = {});

  void Match(const Chain& chain, absl::Time deadline,
             Callback<MatchedBlocks> done) override;
  std::unique_ptr<GetCall> Get(std::shared_ptr<const Chain> chain, size_t first,
                               size_t count, absl::Time deadline,
                               std::shared_ptr<GetObserver> observer) override;
  void Put(std::shared_ptr<const Chain> chain, size_t first,
           std::vector<PutPayload> payloads, absl::Time deadline,
           Callback<v1::PutResponse> done) override;
  void Stats(absl::Time deadline, Callback<v1::StatsResponse> done) override;
  void Evict(const Hash* root, absl::Time deadline,
             Callback<v1::EvictResponse> done) override;

  CircuitBreaker::State state() const { return breaker_->state(); }

 private:
  // Calls outlive their GetCall, so they share it.
  const std::shared_ptr<CircuitBreaker> breaker_;
  const std::unique_ptr<PrefixCacheClient> client_;
};

}  // namespace tessera::prefix_cache
