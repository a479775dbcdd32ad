#include "services/prefix_cache/messages.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "services/prefix_cache/chunk.h"

namespace tessera::prefix_cache {

absl::StatusOr<Hash> ParseHash(absl::string_view field,
                               const std::string& bytes) {
  Hash hash;
  if (bytes.size() != hash.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ": must be 32 bytes, not ", bytes.size()));
  }
  std::memcpy(hash.data(), bytes.data(), hash.size());
  return hash;
}

absl::StatusOr<std::vector<Hash>> ParseHashes(absl::string_view field,
                                              const std::string& bytes) {
  constexpr size_t kHashBytes = sizeof(Hash);
  if (bytes.size() % kHashBytes != 0 ||
      bytes.size() / kHashBytes > kMaxBlocksPerCall) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ": must be up to ", kMaxBlocksPerCall,
                     " times 32 bytes, not ", bytes.size()));
  }
  std::vector<Hash> hashes(bytes.size() / kHashBytes);
  if (!hashes.empty()) {
    std::memcpy(hashes.data(), bytes.data(), bytes.size());
  }
  return hashes;
}

std::string JoinHashes(absl::Span<const Hash> hashes) {
  return std::string(reinterpret_cast<const char*>(hashes.data()),
                     hashes.size() * sizeof(Hash));
}

bool ParseMessage(const grpc::ByteBuffer& buffer,
                  google::protobuf::MessageLite* message) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return false;
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return message->ParseFromString(bytes);
}

grpc::ByteBuffer MakeMessage(const google::protobuf::MessageLite& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace tessera::prefix_cache
