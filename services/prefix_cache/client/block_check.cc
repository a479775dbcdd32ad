#include "services/prefix_cache/client/block_check.h"

#include <algorithm>
#include <cstring>

#include "libs/base/status_macros.h"

namespace tessera::prefix_cache {
namespace {

constexpr size_t kChecksumBytes = 16;

// The first `num_bytes` bytes, and the pieces of the rest.
std::vector<uint8_t> Split(absl::Span<const ByteSpan> pieces, size_t num_bytes,
                           std::vector<ByteSpan>* rest) {
  std::vector<uint8_t> head;
  head.reserve(num_bytes);
  for (const ByteSpan piece : pieces) {
    const size_t here = std::min(piece.size(), num_bytes - head.size());
    head.insert(head.end(), piece.begin(), piece.begin() + here);
    if (here < piece.size()) rest->push_back(piece.subspan(here));
  }
  return head;
}

}  // namespace

absl::StatusOr<Payload> CheckBlock(const Chain& chain, size_t block,
                                   absl::Span<const ByteSpan> pieces,
                                   const Sealer& sealer) {
  int64_t record_bytes = 0;
  for (const ByteSpan piece : pieces) record_bytes += piece.size();
  if (record_bytes != chain.record_bytes()) {
    return absl::DataLossError("block: of another size");
  }
  std::vector<ByteSpan> payload;
  const std::vector<uint8_t> head =
      Split(pieces, chain.record_bytes() - chain.payload_bytes, &payload);
  const absl::StatusOr<RecordHeader> header = ParseRecordHeader(head);
  if (!header.ok()) return absl::DataLossError(header.status().message());
  const absl::Span<const int32_t> tokens = chain.tokens_of(block);
  if (header->root != chain.root || header->parent != chain.parent(block) ||
      header->num_tokens != tokens.size() ||
      header->payload_bytes != chain.payload_bytes ||
      (!tokens.empty() &&
       std::memcmp(head.data() + kRecordHeaderBytes, tokens.data(),
                   tokens.size() * sizeof(int32_t)) != 0)) {
    return absl::DataLossError("block: of another prefix");
  }
  RecordChecksum checksum(chain.hashes[block]);
  checksum.Add(ByteSpan(head).subspan(kChecksumBytes));
  for (const ByteSpan piece : payload) checksum.Add(piece);
  if (checksum.Result() != header->checksum) {
    return absl::DataLossError("block: its checksum is wrong");
  }
  if (!sealer.IsRight(header->seal, chain.hashes[block], chain.root,
                      chain.parent(block), tokens, payload)) {
    return absl::DataLossError("block: its seal is wrong");
  }
  return Payload(std::move(payload));
}

}  // namespace tessera::prefix_cache
