#include "services/prefix_cache/chunk_buffer.h"

#include <algorithm>
#include <utility>

#include "libs/base/status_macros.h"

namespace tessera::prefix_cache {

grpc::Slice SliceOf(ByteSpan bytes, std::shared_ptr<const void> owner) {
  auto* held = new std::shared_ptr<const void>(std::move(owner));
  return grpc::Slice(
      const_cast<uint8_t*>(bytes.data()), bytes.size(),
      [](void* owner) {
        delete static_cast<std::shared_ptr<const void>*>(owner);
      },
      held);
}

int64_t ChunkDataBytes(const ChunkHead& head) {
  return std::min<int64_t>(kChunkBytes, head.record_bytes - head.offset);
}

grpc::ByteBuffer MakeChunk(const ChunkHead& head,
                           absl::Span<const grpc::Slice> parts) {
  uint64_t left = ChunkDataBytes(head);
  std::vector<grpc::Slice> slices = {grpc::Slice(EncodeChunkHead(head, left))};
  uint64_t skip = head.offset;
  for (const grpc::Slice& part : parts) {
    if (skip >= part.size()) {
      skip -= part.size();
      continue;
    }
    const uint64_t here = std::min<uint64_t>(left, part.size() - skip);
    if (here == 0) break;
    slices.push_back(part.sub(skip, skip + here));
    left -= here;
    skip = 0;
  }
  return grpc::ByteBuffer(slices.data(), slices.size());
}

absl::StatusOr<ReceivedChunk> ReceiveChunk(const grpc::ByteBuffer& buffer) {
  ReceivedChunk received;
  if (!buffer.Dump(&received.slices).ok()) {
    return absl::InvalidArgumentError("chunk: unreadable");
  }
  std::vector<ByteSpan> pieces;
  for (const grpc::Slice& slice : received.slices) {
    pieces.emplace_back(slice.begin(), slice.size());
  }
  ASSIGN_OR_RETURN(received.chunk, ParseChunk(pieces));
  return received;
}

}  // namespace tessera::prefix_cache
