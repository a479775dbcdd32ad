// Record: a block as it is stored and sent, whole or not at all.
//
//   bytes       what
//   [0, 16)     checksum: XXH3-128 of the block's hash and of all that follows
//   [16, 20)    "TPC1"
//   [20, 24)    num_tokens
//   [24, 32)    payload_bytes
//   [32, 64)    root: the namespace that the block's chain begins at
//   [64, 96)    parent: the block before it, or the root
//   [96, 112)   seal: 16 bytes of whoever put it, that the store does not look
//   at [112, ...)  tokens, 4 bytes each, then the payload
//
// Numbers are little-endian. What a record says of itself is believed only once
// its checksum is right; its hash is not in it, so that one block's bytes under
// another's hash are wrong too.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "libs/kv_cache/prefix_hash.h"

namespace tessera::prefix_cache {

using Hash = kv_cache::PrefixDigest;
using Seal = std::array<uint8_t, 16>;
using ByteSpan = absl::Span<const uint8_t>;

inline constexpr int64_t kRecordHeaderBytes = 112;
inline constexpr int64_t kMaxBlockTokens = 1 << 16;
inline constexpr int64_t kMaxPayloadBytes = int64_t{1} << 30;

struct RecordHeader {
  std::array<uint8_t, 16> checksum = {};
  uint32_t num_tokens = 0;
  uint64_t payload_bytes = 0;
  Hash root = {};
  Hash parent = {};
  Seal seal = {};

  int64_t payload_offset() const {
    return kRecordHeaderBytes + int64_t{4} * num_tokens;
  }
  int64_t record_bytes() const { return payload_offset() + payload_bytes; }
};

// Of the first kRecordHeaderBytes bytes; its checksum is not compared.
// InvalidArgument: there are fewer, no magic, or a size beyond the limits
// above.
absl::StatusOr<RecordHeader> ParseRecordHeader(ByteSpan bytes);

// The checksum of a record that comes in pieces.
class RecordChecksum {
 public:
  explicit RecordChecksum(const Hash& hash);
  ~RecordChecksum();
  // What follows the checksum itself, in order, cut anywhere.
  void Add(ByteSpan bytes);
  std::array<uint8_t, 16> Result() const;

 private:
  void* const state_;
};

// Header and tokens: with the payload behind them they are the record.
// CHECK: tokens and payload are within the limits.
std::string MakeRecordHead(const Hash& hash, const Hash& root,
                           const Hash& parent, absl::Span<const int32_t> tokens,
                           ByteSpan payload, const Seal& seal = {});

// A record whose checksum was right.
class Record {
 public:
  // `owner` keeps `bytes` alive and unchanged. DataLoss: it is not the record
  // of that hash, whole.
  static absl::StatusOr<std::shared_ptr<const Record>> FromBytes(
      const Hash& hash, ByteSpan bytes, std::shared_ptr<const void> owner);
  // One copy of the payload. CHECK as MakeRecordHead's.
  static std::shared_ptr<const Record> Make(const Hash& hash, const Hash& root,
                                            const Hash& parent,
                                            absl::Span<const int32_t> tokens,
                                            ByteSpan payload,
                                            const Seal& seal = {});

  const Hash& hash() const { return hash_; }
  const RecordHeader& header() const { return header_; }
  ByteSpan bytes() const { return bytes_; }
  std::vector<int32_t> tokens() const;
  ByteSpan payload() const { return bytes_.subspan(header_.payload_offset()); }

 private:
  Record(const Hash& hash, const RecordHeader& header, ByteSpan bytes,
         std::shared_ptr<const void> owner);

  const Hash hash_;
  const RecordHeader header_;
  const ByteSpan bytes_;
  const std::shared_ptr<const void> owner_;
};

}  // namespace tessera::prefix_cache
