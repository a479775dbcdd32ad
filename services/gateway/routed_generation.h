// RouteGeneration: a generation by one of several verifiers, and by another if
// that one is gone before it brought a token.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/metrics/metrics.h"
#include "proto/verifier.pb.h"
#include "services/gateway/verifier_table.h"
#include "services/verifier/client/verifier_client.h"

namespace tessera::gateway {

// What a pool and its requests under way share. Thread-safe.
class PoolParts {
 public:
  using Clients = std::vector<std::shared_ptr<verifier::VerifierClient>>;

  PoolParts(std::vector<std::string> addresses, Clients clients,
            metrics::Registry* registry);

  // Null after TakeClients.
  std::shared_ptr<verifier::VerifierClient> client(size_t index) const;
  // Ends the choosing too: nobody asks a client any more.
  Clients TakeClients();

  VerifierTable table;
  metrics::Counter& retries;

 private:
  mutable std::mutex mutex_;
  Clients clients_;  // as in the table
};

// What callers are told: why a verifier was lost names addresses, which is for
// the log alone.
inline absl::Status NoneCanAnswer() {
  return absl::UnavailableError("no verifier can answer now");
}
inline absl::Status LostVerifier() {
  return absl::UnavailableError(
      "the verifier was lost before the answer's end");
}

// As VerifierClient::Generate.
std::unique_ptr<verifier::GenerateCall> RouteGeneration(
    std::shared_ptr<PoolParts> parts, verifier::v1::GenerateRequest request,
    std::shared_ptr<verifier::GenerateObserver> observer);

}  // namespace tessera::gateway
