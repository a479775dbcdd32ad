// Parts of requests that come from a stranger.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "grpcpp/support/byte_buffer.h"
#include "proto/prefix_cache.pb.h"
#include "services/prefix_cache/record.h"

namespace tessera::prefix_cache {

// InvalidArgument, naming the field: not 32 bytes.
absl::StatusOr<Hash> ParseHash(absl::string_view field,
                               const std::string& bytes);
// InvalidArgument, naming the field: no multiple of 32 bytes, or more than
// kMaxBlocksPerCall.
absl::StatusOr<std::vector<Hash>> ParseHashes(absl::string_view field,
                                              const std::string& bytes);
std::string JoinHashes(absl::Span<const Hash> hashes);

// A message that gRPC left as bytes. False: it is none.
bool ParseMessage(const grpc::ByteBuffer& buffer,
                  google::protobuf::MessageLite* message);
grpc::ByteBuffer MakeMessage(const google::protobuf::MessageLite& message);

}  // namespace tessera::prefix_cache
