// One Put call of the gRPC client: payloads leave from where they are.
#pragma once

#include <memory>
#include <vector>

#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/client_callback.h"
#include "libs/rpc/call_count.h"
#include "services/prefix_cache/chunk_buffer.h"
#include "services/prefix_cache/client/prefix_cache_client.h"
#include "services/prefix_cache/client/sealer.h"

namespace tessera::prefix_cache {

// Deletes itself when gRPC is done with it.
class PutWriter
    : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  PutWriter(std::shared_ptr<const Chain> chain, size_t first,
            std::vector<PutPayload> payloads, const Sealer* sealer,
            Callback<v1::PutResponse> done)
      : sealer_(sealer),
        chain_(std::move(chain)),
        first_(first),
        payloads_(std::move(payloads)),
        done_(std::move(done)) {}

  // `calls` is told when gRPC is done with it.
  void Start(grpc::GenericStub* stub, absl::Time deadline,
             std::shared_ptr<rpc::CallCount> calls);

  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

 private:
  void SendNext();

  std::shared_ptr<rpc::CallCount> calls_;
  grpc::ClientContext context_;
  grpc::ByteBuffer message_;
  grpc::ByteBuffer response_;

  const Sealer* const sealer_;  // outlives the call
  const std::shared_ptr<const Chain> chain_;
  const size_t first_;
  std::vector<PutPayload> payloads_;
  size_t next_ = 0;                 // of payloads_, the next to begin
  std::vector<grpc::Slice> parts_;  // of the record that is being sent
  ChunkHead chunk_;                 // what is sent next of it
  Callback<v1::PutResponse> done_;
};

}  // namespace tessera::prefix_cache
