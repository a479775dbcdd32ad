// absl::Status to and from gRPC's: the codes have the same numbers.
#pragma once

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace tessera::rpc {

grpc::Status ToGrpc(const absl::Status& status);
// A code that neither knows becomes kUnknown.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace tessera::rpc
