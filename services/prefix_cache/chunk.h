// BlockChunk of proto/prefix_cache.proto, written and read without copying its
// data: protobuf would copy each byte twice on each side.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "services/prefix_cache/record.h"

namespace tessera::prefix_cache {

inline constexpr int64_t kChunkBytes = 4 << 20;  // of data, at most
inline constexpr int64_t kMaxBlocksPerCall = 4096;

struct ChunkHead {
  Hash hash = {};
  uint64_t record_bytes = 0;
  uint64_t offset = 0;
};

struct Chunk {
  ChunkHead head;
  std::vector<ByteSpan> data;  // in order; parts of what was parsed
  uint64_t data_bytes = 0;
};

// The message without its data, which has to follow.
std::string EncodeChunkHead(const ChunkHead& head, uint64_t data_bytes);

// A message in any number of pieces, from a stranger. InvalidArgument: it is no
// BlockChunk, its hash is not 32 bytes, or its data is empty or reaches beyond
// record_bytes.
absl::StatusOr<Chunk> ParseChunk(absl::Span<const ByteSpan> pieces);

}  // namespace tessera::prefix_cache
