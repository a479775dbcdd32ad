#include "services/prefix_cache/chunk.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace tessera::prefix_cache {
namespace {

// Keys of the message's fields: number * 8 + wire type.
constexpr uint64_t kHashKey = 1 << 3 | 2;
constexpr uint64_t kRecordBytesKey = 2 << 3 | 0;
constexpr uint64_t kOffsetKey = 3 << 3 | 0;
constexpr uint64_t kDataKey = 4 << 3 | 2;

void AppendVarint(uint64_t value, std::string* bytes) {
  for (; value >= 128; value >>= 7) bytes->push_back(value | 128);
  bytes->push_back(value);
}

// Bytes that lie in pieces, from the front.
class PieceReader {
 public:
  explicit PieceReader(absl::Span<const ByteSpan> pieces) : pieces_(pieces) {
    SkipEmpty();
  }

  bool is_at_end() const { return pieces_.empty(); }

  std::optional<uint64_t> ReadVarint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (is_at_end()) return std::nullopt;
      const uint8_t byte = pieces_[0][at_];
      Advance(1);
      value |= uint64_t{byte & 127u} << shift;
      if (byte < 128) return value;
    }
    return std::nullopt;
  }

  // False: there are fewer.
  bool Take(uint64_t num_bytes, std::vector<ByteSpan>* taken) {
    while (num_bytes > 0) {
      if (is_at_end()) return false;
      const uint64_t here =
          std::min<uint64_t>(num_bytes, pieces_[0].size() - at_);
      if (taken != nullptr) taken->push_back(pieces_[0].subspan(at_, here));
      Advance(here);
      num_bytes -= here;
    }
    return true;
  }

 private:
  void Advance(uint64_t num_bytes) {
    at_ += num_bytes;
    if (at_ < pieces_[0].size()) return;
    at_ = 0;
    pieces_.remove_prefix(1);
    SkipEmpty();
  }
  void SkipEmpty() {
    while (!pieces_.empty() && pieces_[0].empty()) pieces_.remove_prefix(1);
  }

  absl::Span<const ByteSpan> pieces_;
  uint64_t at_ = 0;  // in the first of them
};

bool ReadHash(PieceReader* reader, uint64_t length, Hash* hash) {
  std::vector<ByteSpan> parts;
  if (length != hash->size() || !reader->Take(length, &parts)) return false;
  uint8_t* out = hash->data();
  for (const ByteSpan part : parts) {
    out = std::copy(part.begin(), part.end(), out);
  }
  return true;
}

// A field that this version does not know.
bool Skip(PieceReader* reader, uint64_t wire_type) {
  switch (wire_type) {
    case 0:
      return reader->ReadVarint().has_value();
    case 1:
      return reader->Take(8, nullptr);
    case 2: {
      const std::optional<uint64_t> length = reader->ReadVarint();
      return length.has_value() && reader->Take(*length, nullptr);
    }
    case 5:
      return reader->Take(4, nullptr);
    default:
      return false;
  }
}

bool ReadNumber(PieceReader* reader, uint64_t* number) {
  const std::optional<uint64_t> value = reader->ReadVarint();
  if (value.has_value()) *number = *value;
  return value.has_value();
}

bool ReadData(PieceReader* reader, uint64_t length, Chunk* chunk) {
  chunk->data.clear();
  chunk->data_bytes = length;
  return reader->Take(length, &chunk->data);
}

bool ReadField(PieceReader* reader, uint64_t key, Chunk* chunk,
               bool* has_hash) {
  if (key == kRecordBytesKey) {
    return ReadNumber(reader, &chunk->head.record_bytes);
  }
  if (key == kOffsetKey) return ReadNumber(reader, &chunk->head.offset);
  if (key != kHashKey && key != kDataKey) return Skip(reader, key & 7);
  uint64_t length = 0;
  if (!ReadNumber(reader, &length)) return false;
  if (key == kDataKey) return ReadData(reader, length, chunk);
  *has_hash = true;
  return ReadHash(reader, length, &chunk->head.hash);
}

}  // namespace

std::string EncodeChunkHead(const ChunkHead& head, uint64_t data_bytes) {
  std::string bytes;
  bytes.reserve(64);
  AppendVarint(kHashKey, &bytes);
  AppendVarint(head.hash.size(), &bytes);
  bytes.append(reinterpret_cast<const char*>(head.hash.data()),
               head.hash.size());
  AppendVarint(kRecordBytesKey, &bytes);
  AppendVarint(head.record_bytes, &bytes);
  AppendVarint(kOffsetKey, &bytes);
  AppendVarint(head.offset, &bytes);
  AppendVarint(kDataKey, &bytes);
  AppendVarint(data_bytes, &bytes);
  return bytes;
}

absl::StatusOr<Chunk> ParseChunk(absl::Span<const ByteSpan> pieces) {
  PieceReader reader(pieces);
  Chunk chunk;
  bool has_hash = false;
  while (!reader.is_at_end()) {
    const std::optional<uint64_t> key = reader.ReadVarint();
    if (!key.has_value() || !ReadField(&reader, *key, &chunk, &has_hash)) {
      return absl::InvalidArgumentError("chunk: not a BlockChunk");
    }
  }
  if (!has_hash) {
    return absl::InvalidArgumentError("hash: must be 32 bytes");
  }
  if (chunk.data_bytes == 0 || chunk.head.offset > chunk.head.record_bytes ||
      chunk.data_bytes > chunk.head.record_bytes - chunk.head.offset) {
    return absl::InvalidArgumentError(
        "data: must lie within record_bytes, and not be empty");
  }
  return chunk;
}

}  // namespace tessera::prefix_cache
