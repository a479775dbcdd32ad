// One Put call: chunks come, are joined to records, checked and stored. What
// is not yet whole is bounded, for a call and for all of them.
#pragma once

#include <cstdint>
#include <memory>

#include "grpcpp/support/server_callback.h"
#include "proto/prefix_cache.pb.h"
#include "services/prefix_cache/call_limits.h"
#include "services/prefix_cache/chunk_buffer.h"
#include "services/prefix_cache/store.h"

namespace tessera::prefix_cache {

// Owned by gRPC until OnDone.
class PutStream : public grpc::ServerReadReactor<grpc::ByteBuffer> {
 public:
  // All outlive the call. `response`: a PutResponse.
  PutStream(Store* store, CallLimits* limits, grpc::ByteBuffer* response)
      : store_(store), limits_(limits), response_(response) {}

  void Start();

  void OnReadDone(bool ok) override;
  void OnDone() override;

 private:
  absl::Status Take(const Chunk& chunk);
  absl::Status BeginBlock(const ChunkHead& head);
  absl::Status EndBlock();
  void End();

  Store* const store_;
  CallLimits* const limits_;
  grpc::ByteBuffer* const response_;
  bool has_stream_ = false;

  grpc::ByteBuffer message_;
  v1::PutResponse counts_;
  int64_t num_blocks_ = 0;
  int64_t call_bytes_ = 0;
  // The block that comes: its name and size, and where its next byte belongs.
  ChunkHead next_;
  std::shared_ptr<uint8_t[]> record_;  // null: none comes
};

}  // namespace tessera::prefix_cache
