#include "services/prefix_cache/get_stream.h"

#include <optional>
#include <utility>

#include "libs/rpc/status.h"
#include "services/prefix_cache/messages.h"

namespace tessera::prefix_cache {

void GetStream::Start(const grpc::ByteBuffer& request) {
  v1::GetRequest message;
  absl::StatusOr<std::vector<Hash>> hashes =
      ParseMessage(request, &message)
          ? ParseHashes("hashes", message.hashes())
          : absl::InvalidArgumentError("request: not a GetRequest");
  if (!hashes.ok()) {
    Finish(rpc::ToGrpc(hashes.status()));
    return;
  }
  has_stream_ = limits_->streams.Take(1);
  if (!has_stream_) {
    Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many calls at once"});
    return;
  }
  hashes_ = *std::move(hashes);
  SendNextBlock();
}

void GetStream::SendNextBlock() {
  block_ = {};
  if (is_cancelled_ || next_ == hashes_.size()) {
    Finish(is_cancelled_ ? grpc::Status::CANCELLED : grpc::Status::OK);
    return;
  }
  const Hash& hash = hashes_[next_++];
  std::optional<Store::Found> found = store_->Find(hash);
  if (!found.has_value()) {
    Finish(grpc::Status::OK);
  } else if (found->record != nullptr) {
    SendBlock(*std::move(found));
  } else {
    block_ = *std::move(found);  // its lease
    pool_->Post([this] {
      std::optional<Store::Found> read =
          store_->ReadFromDisk(std::move(block_));
      if (read.has_value()) {
        SendBlock(*std::move(read));
      } else {
        Finish(grpc::Status::OK);
      }
    });
  }
}

void GetStream::SendBlock(Store::Found found) {
  block_ = std::move(found);
  const Record& record = *block_.record;
  slice_ = SliceOf(record.bytes(), block_.record);
  chunk_ = {record.hash(), record.bytes().size(), 0};
  SendChunk();
}

void GetStream::SendChunk() {
  message_ = MakeChunk(chunk_, {slice_});
  chunk_.offset += ChunkDataBytes(chunk_);
  StartWrite(&message_);
}

void GetStream::OnWriteDone(bool ok) {
  if (!ok) {
    Finish(grpc::Status::CANCELLED);
  } else if (chunk_.offset < chunk_.record_bytes) {
    SendChunk();
  } else {
    SendNextBlock();
  }
}

void GetStream::OnDone() {
  if (has_stream_) limits_->streams.Give(1);
  delete this;
}

}  // namespace tessera::prefix_cache
