// One Get call: blocks leave as slices of the store's own memory, one chunk
// after the other; a block on disk is read on a thread of the pool.
#pragma once

#include <atomic>
#include <vector>

#include "grpcpp/support/server_callback.h"
#include "services/prefix_cache/call_limits.h"
#include "services/prefix_cache/chunk_buffer.h"
#include "services/prefix_cache/store.h"
#include "services/prefix_cache/task_pool.h"

namespace tessera::prefix_cache {

// Owned by gRPC until OnDone.
class GetStream : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  // All outlive the call.
  GetStream(Store* store, TaskPool* pool, CallLimits* limits)
      : store_(store), pool_(pool), limits_(limits) {}

  // `request`: a GetRequest.
  void Start(const grpc::ByteBuffer& request);

  void OnWriteDone(bool ok) override;
  void OnCancel() override { is_cancelled_ = true; }
  void OnDone() override;

 private:
  void SendNextBlock();
  void SendBlock(Store::Found found);
  void SendChunk();

  Store* const store_;
  TaskPool* const pool_;
  CallLimits* const limits_;
  bool has_stream_ = false;
  std::atomic<bool> is_cancelled_ = false;

  std::vector<Hash> hashes_;
  size_t next_ = 0;     // of hashes_
  Store::Found block_;  // that is being sent
  grpc::Slice slice_;   // its record
  ChunkHead chunk_;     // what is sent next of it
  grpc::ByteBuffer message_;
};

}  // namespace tessera::prefix_cache
