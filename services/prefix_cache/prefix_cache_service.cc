#include "services/prefix_cache/prefix_cache_service.h"

#include "libs/base/status_macros.h"
#include "libs/rpc/status.h"
#include "services/prefix_cache/get_stream.h"
#include "services/prefix_cache/messages.h"
#include "services/prefix_cache/put_stream.h"
#include "services/prefix_cache/stats_message.h"

namespace tessera::prefix_cache {
namespace {

constexpr int kNumDiskReaders = 4;

grpc::ServerUnaryReactor* Finished(grpc::CallbackServerContext* context,
                                   const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(rpc::ToGrpc(status));
  return reactor;
}

absl::Status MatchChain(Store* store, const v1::MatchRequest& request,
                        v1::MatchResponse* response) {
  ASSIGN_OR_RETURN(const Hash root, ParseHash("root", request.root()));
  ASSIGN_OR_RETURN(const std::vector<Hash> chain,
                   ParseHashes("hashes", request.hashes()));
  const MatchedBlocks matched = store->Match(root, chain);
  response->set_num_blocks(matched.num_blocks);
  response->set_num_in_memory(matched.num_in_memory);
  return absl::OkStatus();
}

absl::Status EvictBlocks(Store* store, const v1::EvictRequest& request,
                         v1::EvictResponse* response) {
  if (request.root().empty()) {
    response->set_num_blocks(store->EvictAll());
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const Hash root, ParseHash("root", request.root()));
  response->set_num_blocks(store->Evict(root));
  return absl::OkStatus();
}

}  // namespace

PrefixCacheService::PrefixCacheService(Store* store)
    : store_(store), disk_readers_(kNumDiskReaders) {}

grpc::ServerUnaryReactor* PrefixCacheService::Match(
    grpc::CallbackServerContext* context, const v1::MatchRequest* request,
    v1::MatchResponse* response) {
  return Finished(context, MatchChain(store_, *request, response));
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* PrefixCacheService::Get(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  auto* stream = new GetStream(store_, &disk_readers_, &limits_);
  stream->Start(*request);
  return stream;
}

grpc::ServerReadReactor<grpc::ByteBuffer>* PrefixCacheService::Put(
    grpc::CallbackServerContext* context, grpc::ByteBuffer* response) {
  auto* stream = new PutStream(store_, &limits_, response);
  stream->Start();
  return stream;
}

grpc::ServerUnaryReactor* PrefixCacheService::Stats(
    grpc::CallbackServerContext* context, const v1::StatsRequest* request,
    v1::StatsResponse* response) {
  *response = ToMessage(store_->Stats());
  return Finished(context, absl::OkStatus());
}

grpc::ServerUnaryReactor* PrefixCacheService::Evict(
    grpc::CallbackServerContext* context, const v1::EvictRequest* request,
    v1::EvictResponse* response) {
  return Finished(context, EvictBlocks(store_, *request, response));
}

}  // namespace tessera::prefix_cache
