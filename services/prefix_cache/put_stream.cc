#include "services/prefix_cache/put_stream.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/rpc/status.h"
#include "services/prefix_cache/messages.h"

namespace tessera::prefix_cache {

void PutStream::Start() {
  has_stream_ = limits_->streams.Take(1);
  if (!has_stream_) {
    Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many calls at once"});
    return;
  }
  StartRead(&message_);
}

void PutStream::OnReadDone(bool ok) {
  if (!ok) {
    End();
    return;
  }
  const absl::StatusOr<ReceivedChunk> received = ReceiveChunk(message_);
  const absl::Status status =
      received.ok() ? Take(received->chunk) : received.status();
  if (!status.ok()) {
    Finish(rpc::ToGrpc(status));
    return;
  }
  message_.Clear();
  StartRead(&message_);
}

absl::Status PutStream::Take(const Chunk& chunk) {
  if (record_ == nullptr) RETURN_IF_ERROR(BeginBlock(chunk.head));
  if (chunk.head.hash != next_.hash || chunk.head.offset != next_.offset ||
      chunk.head.record_bytes != next_.record_bytes) {
    return absl::InvalidArgumentError(
        "offset: a block's chunks must follow each other");
  }
  for (const ByteSpan part : chunk.data) {
    std::memcpy(record_.get() + next_.offset, part.data(), part.size());
    next_.offset += part.size();
  }
  return next_.offset < next_.record_bytes ? absl::OkStatus() : EndBlock();
}

absl::Status PutStream::BeginBlock(const ChunkHead& head) {
  const int64_t bytes = head.record_bytes;
  if (head.record_bytes < kRecordHeaderBytes ||
      head.record_bytes > store_->max_block_bytes()) {
    return absl::InvalidArgumentError(
        absl::StrCat("record_bytes: must be from ", kRecordHeaderBytes, " to ",
                     store_->max_block_bytes()));
  }
  if (++num_blocks_ > kMaxBlocksPerCall ||
      (call_bytes_ += bytes) > kMaxCallBytes) {
    return absl::InvalidArgumentError("blocks: too many in one call");
  }
  if (!limits_->upload_bytes.Take(bytes)) {
    return absl::ResourceExhaustedError("too many bytes at once");
  }
  next_ = {head.hash, head.record_bytes, 0};
  record_ = std::shared_ptr<uint8_t[]>(new uint8_t[bytes]);
  return absl::OkStatus();
}

absl::Status PutStream::EndBlock() {
  const ByteSpan bytes(record_.get(), next_.record_bytes);
  limits_->upload_bytes.Give(next_.record_bytes);
  ASSIGN_OR_RETURN(const RecordPtr record,
                   Record::FromBytes(next_.hash, bytes, std::move(record_)));
  switch (store_->Put(record)) {
    case PutOutcome::kStored:
      counts_.set_num_stored(counts_.num_stored() + 1);
      break;
    case PutOutcome::kPresent:
      counts_.set_num_present(counts_.num_present() + 1);
      break;
    case PutOutcome::kNoParent:
    case PutOutcome::kNoRoom:
    case PutOutcome::kTooLarge:
      counts_.set_num_refused(counts_.num_refused() + 1);
      break;
  }
  return absl::OkStatus();
}

void PutStream::End() {
  if (record_ != nullptr) {
    Finish({grpc::StatusCode::INVALID_ARGUMENT,
            "data: the last block is not whole"});
    return;
  }
  *response_ = MakeMessage(counts_);
  Finish(grpc::Status::OK);
}

void PutStream::OnDone() {
  if (record_ != nullptr) limits_->upload_bytes.Give(next_.record_bytes);
  if (has_stream_) limits_->streams.Give(1);
  delete this;
}

}  // namespace tessera::prefix_cache
