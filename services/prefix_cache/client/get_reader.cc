#include "services/prefix_cache/client/get_reader.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "libs/rpc/call_count.h"
#include "libs/rpc/status.h"
#include "services/prefix_cache/client/block_check.h"
#include "services/prefix_cache/messages.h"

namespace tessera::prefix_cache {

void GetReader::Start(grpc::GenericStub* stub, absl::Time deadline,
                      std::shared_ptr<rpc::CallCount> calls,
                      std::shared_ptr<GetReader> self) {
  calls_ = std::move(calls);
  calls_->Begin();
  self_ = std::move(self);
  context_->set_deadline(absl::ToChronoTime(deadline));
  v1::GetRequest request;
  request.set_hashes(JoinHashes(
      absl::MakeConstSpan(chain_->hashes).subspan(next_, end_ - next_)));
  request_ = MakeMessage(request);
  stub->PrepareBidiStreamingCall(
      context_.get(), "/tessera.prefix_cache.v1.PrefixCache/Get", {}, this);
  StartWriteLast(&request_, grpc::WriteOptions());
  StartRead(&message_);
  StartCall();
}

void GetReader::Cancel() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (context_ != nullptr) context_->TryCancel();
}

void GetReader::Detach() {
  std::shared_ptr<GetObserver> dropped;
  std::lock_guard<std::mutex> lock(mutex_);
  dropped.swap(observer_);
}

std::shared_ptr<GetObserver> GetReader::observer() {
  std::lock_guard<std::mutex> lock(mutex_);
  return observer_;
}

void GetReader::OnReadDone(bool ok) {
  if (!ok) return;  // the end; OnDone says which
  absl::StatusOr<ReceivedChunk> received = ReceiveChunk(message_);
  fault_ = received.ok() ? Take(*std::move(received))
                         : absl::DataLossError(received.status().message());
  message_.Clear();
  if (!fault_.ok()) {
    Cancel();
    return;
  }
  StartRead(&message_);
}

absl::Status GetReader::Take(ReceivedChunk received) {
  const Chunk& chunk = received.chunk;
  if (next_ == end_ || chunk.head.hash != chain_->hashes[next_] ||
      chunk.head.record_bytes != chain_->record_bytes() ||
      chunk.head.offset != offset_) {
    return absl::DataLossError("chunk: not the one that should follow");
  }
  offset_ += chunk.data_bytes;
  chunks_.push_back(std::move(received));
  return offset_ < chain_->record_bytes() ? absl::OkStatus() : TakeBlock();
}

absl::Status GetReader::TakeBlock() {
  std::vector<ByteSpan> pieces;
  for (const ReceivedChunk& received : chunks_) {
    pieces.insert(pieces.end(), received.chunk.data.begin(),
                  received.chunk.data.end());
  }
  ASSIGN_OR_RETURN(const Payload payload,
                   CheckBlock(*chain_, next_, pieces, *sealer_));
  if (const auto observer = this->observer()) {
    observer->OnBlock(next_, payload);
  }
  chunks_.clear();
  offset_ = 0;
  ++next_;
  return absl::OkStatus();
}

void GetReader::OnDone(const grpc::Status& status) {
  absl::Status result = fault_.ok() ? rpc::FromGrpc(status) : fault_;
  if (result.ok() && !chunks_.empty()) {
    result = absl::DataLossError("block: it ends early");
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    context_.reset();
  }
  if (const auto observer = this->observer()) {
    observer->OnDone(std::move(result));
  }
  Detach();
  const std::shared_ptr<rpc::CallCount> calls = std::move(calls_);
  std::shared_ptr<GetReader> self = std::move(self_);
  self.reset();  // may be the last: `this` is gone
  calls->End();
}

}  // namespace tessera::prefix_cache
