// A PrefixCacheClient of a store in this process. Gets run one after the other
// on a thread of its own, Puts on another that leaves the cores to whoever
// computes, Match at once on the caller's.
#pragma once

#include <memory>
#include <vector>

#include "services/prefix_cache/call_limits.h"
#include "services/prefix_cache/client/prefix_cache_client.h"
#include "services/prefix_cache/store.h"
#include "services/prefix_cache/task_pool.h"

namespace tessera::prefix_cache {

class LocalClient : public PrefixCacheClient {
 public:
  // `store` outlives the client.
  explicit LocalClient(Store* store) : store_(store) {}

  void Match(const Chain& chain, absl::Time deadline,
             Callback<MatchedBlocks> done) override;
  std::unique_ptr<GetCall> Get(std::shared_ptr<const Chain> chain, size_t first,
                               size_t count, absl::Time deadline,
                               std::shared_ptr<GetObserver> observer) override;
  // ResourceExhausted: too much waits to be put.
  void Put(std::shared_ptr<const Chain> chain, size_t first,
           std::vector<PutPayload> payloads, absl::Time deadline,
           Callback<v1::PutResponse> done) override;
  void Stats(absl::Time deadline, Callback<v1::StatsResponse> done) override;
  void Evict(const Hash* root, absl::Time deadline,
             Callback<v1::EvictResponse> done) override;

 private:
  Store* const store_;
  Budget put_bytes_{kMaxUploadBytes};
  // First to go: their tasks use the rest.
  TaskPool getter_{1};
  TaskPool putter_{1, TaskPool::Urgency::kBackground};
};

}  // namespace tessera::prefix_cache
