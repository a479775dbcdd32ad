// PrefixCacheService: the store over gRPC. Everything is bounded and checked as
// from a stranger; blocks come and go as bytes that protobuf does not copy.
#pragma once

#include "proto/prefix_cache.grpc.pb.h"
#include "services/prefix_cache/call_limits.h"
#include "services/prefix_cache/store.h"
#include "services/prefix_cache/task_pool.h"

namespace tessera::prefix_cache {

inline constexpr char kServiceName[] = "tessera.prefix_cache.v1.PrefixCache";

using PrefixCacheMethods = v1::PrefixCache::WithRawCallbackMethod_Get<
    v1::PrefixCache::WithRawCallbackMethod_Put<
        v1::PrefixCache::WithCallbackMethod_Match<
            v1::PrefixCache::WithCallbackMethod_Stats<
                v1::PrefixCache::WithCallbackMethod_Evict<
                    v1::PrefixCache::Service>>>>>;

class PrefixCacheService : public PrefixCacheMethods {
 public:
  // `store` outlives the service and its calls.
  explicit PrefixCacheService(Store* store);

  grpc::ServerUnaryReactor* Match(grpc::CallbackServerContext* context,
                                  const v1::MatchRequest* request,
                                  v1::MatchResponse* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Get(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request) override;
  grpc::ServerReadReactor<grpc::ByteBuffer>* Put(
      grpc::CallbackServerContext* context,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Stats(grpc::CallbackServerContext* context,
                                  const v1::StatsRequest* request,
                                  v1::StatsResponse* response) override;
  grpc::ServerUnaryReactor* Evict(grpc::CallbackServerContext* context,
                                  const v1::EvictRequest* request,
                                  v1::EvictResponse* response) override;

 private:
  Store* const store_;
  CallLimits limits_;
  TaskPool disk_readers_;
};

}  // namespace tessera::prefix_cache
