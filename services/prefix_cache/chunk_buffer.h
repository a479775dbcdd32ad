// Chunks as gRPC's byte buffers: data is referenced, never copied.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/support/byte_buffer.h"
#include "services/prefix_cache/chunk.h"

namespace tessera::prefix_cache {

// A slice of bytes that `owner` keeps alive until gRPC has sent them.
grpc::Slice SliceOf(ByteSpan bytes, std::shared_ptr<const void> owner);

// The chunk at `offset` of a record that lies in `parts`, of at most
// kChunkBytes.
grpc::ByteBuffer MakeChunk(const ChunkHead& head,
                           absl::Span<const grpc::Slice> parts);

// The bytes at head.offset that MakeChunk takes of the record.
int64_t ChunkDataBytes(const ChunkHead& head);

// A message that has come. `slices` own what the chunk's data points to.
struct ReceivedChunk {
  std::vector<grpc::Slice> slices;
  Chunk chunk;
};
absl::StatusOr<ReceivedChunk> ReceiveChunk(const grpc::ByteBuffer& buffer);

}  // namespace tessera::prefix_cache
