// One Get call of the gRPC client: joins chunks to blocks, checks each, and
// tells an observer.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/client_callback.h"
#include "libs/rpc/call_count.h"
#include "services/prefix_cache/chunk_buffer.h"
#include "services/prefix_cache/client/prefix_cache_client.h"
#include "services/prefix_cache/client/sealer.h"

namespace tessera::prefix_cache {

// Alive until gRPC is done with it, by the shared pointer to itself.
class GetReader
    : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  GetReader(std::shared_ptr<const Chain> chain, size_t first, size_t count,
            const Sealer* sealer, std::shared_ptr<GetObserver> observer)
      : sealer_(sealer),
        chain_(std::move(chain)),
        next_(first),
        end_(first + count),
        observer_(std::move(observer)) {}

  // `calls` is told when gRPC is done with it.
  void Start(grpc::GenericStub* stub, absl::Time deadline,
             std::shared_ptr<rpc::CallCount> calls,
             std::shared_ptr<GetReader> self);
  void Cancel();
  void Detach();

  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

 private:
  std::shared_ptr<GetObserver> observer();
  absl::Status Take(ReceivedChunk received);
  absl::Status TakeBlock();

  grpc::ByteBuffer request_;
  grpc::ByteBuffer message_;
  std::shared_ptr<rpc::CallCount> calls_;
  std::shared_ptr<GetReader> self_;

  const Sealer* const sealer_;  // outlives the call
  const std::shared_ptr<const Chain> chain_;
  size_t next_;  // the block that comes
  const size_t end_;
  // What has come of it, in order, and its bytes.
  std::vector<ReceivedChunk> chunks_;
  uint64_t offset_ = 0;
  absl::Status fault_;  // of the store

  std::mutex mutex_;
  // By mutex_.
  std::shared_ptr<GetObserver> observer_;
  std::unique_ptr<grpc::ClientContext> context_ =
      std::make_unique<grpc::ClientContext>();  // null: done
};

}  // namespace tessera::prefix_cache
