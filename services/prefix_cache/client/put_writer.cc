#include "services/prefix_cache/client/put_writer.h"

#include <utility>

#include "libs/rpc/call_count.h"
#include "libs/rpc/status.h"
#include "services/prefix_cache/messages.h"

namespace tessera::prefix_cache {

void PutWriter::Start(grpc::GenericStub* stub, absl::Time deadline,
                      std::shared_ptr<rpc::CallCount> calls) {
  calls_ = std::move(calls);
  calls_->Begin();
  context_.set_deadline(absl::ToChronoTime(deadline));
  stub->PrepareBidiStreamingCall(
      &context_, "/tessera.prefix_cache.v1.PrefixCache/Put", {}, this);
  StartRead(&response_);
  SendNext();
  StartCall();
}

void PutWriter::SendNext() {
  if (chunk_.offset == chunk_.record_bytes) {
    parts_.clear();
    if (next_ == payloads_.size()) {
      StartWritesDone();
      return;
    }
    const size_t block = first_ + next_;
    PutPayload& payload = payloads_[next_++];
    const Hash& hash = chain_->hashes[block];
    const Hash& parent = chain_->parent(block);
    const auto tokens = chain_->tokens_of(block);
    const Seal seal =
        sealer_->Make(hash, chain_->root, parent, tokens, {payload.bytes});
    const std::string head =
        MakeRecordHead(hash, chain_->root, parent, tokens, payload.bytes, seal);
    chunk_ = {hash, head.size() + payload.bytes.size(), 0};
    parts_.emplace_back(head);
    parts_.push_back(SliceOf(payload.bytes, std::move(payload.owner)));
  }
  message_ = MakeChunk(chunk_, parts_);
  chunk_.offset += ChunkDataBytes(chunk_);
  StartWrite(&message_);
}

void PutWriter::OnWriteDone(bool ok) {
  if (ok) SendNext();  // if not, OnDone says why
}

void PutWriter::OnDone(const grpc::Status& status) {
  absl::StatusOr<v1::PutResponse> result =
      absl::DataLossError("response: not a PutResponse");
  v1::PutResponse response;
  if (!status.ok()) {
    result = rpc::FromGrpc(status);
  } else if (ParseMessage(response_, &response)) {
    result = std::move(response);
  }
  const Callback<v1::PutResponse> done = std::move(done_);
  const std::shared_ptr<rpc::CallCount> calls = std::move(calls_);
  delete this;  // the context, before anybody is told
  done(std::move(result));
  calls->End();
}

}  // namespace tessera::prefix_cache
