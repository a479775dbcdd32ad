// A VerifierClient of a verifier behind an address.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/rpc/channel.h"
#include "services/verifier/client/verifier_client.h"

namespace tessera::verifier {

struct GrpcClientOptions {
  rpc::ChannelOptions channel;
  // Of calls that answer at once; generations take what they take.
  absl::Duration deadline = absl::Seconds(10);
};

// Connects in its own time. The client outlives its calls. Errors as
// rpc::OpenChannel's.
absl::StatusOr<std::unique_ptr<VerifierClient>> CreateGrpcClient(
    const std::string& address, const GrpcClientOptions& options);

}  // namespace tessera::verifier
