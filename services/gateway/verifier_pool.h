// VerifierPool: several verifiers of one model as one.
//
//   VerifierPool pool(std::move(members), &registry);
//   Ticker ticker(kPollPeriod, [&pool] { pool.Poll(); });
//   Gateway::Create(options, &pool, &registry);
//
// A prompt goes to the verifier that likely has its beginning in its cache
// (prefix_affinity.h), or to the least busy one if that is clearly busier. A
// verifier that is gone gets nothing until a poll finds it well again; what it
// had not begun to answer goes to another, once to each.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/metrics/metrics.h"
#include "services/gateway/routed_generation.h"
#include "services/verifier/client/verifier_client.h"

namespace tessera::gateway {

// So that a verifier's return is noticed within 5 seconds.
inline constexpr absl::Duration kPollPeriod = absl::Seconds(1);

class VerifierPool : public verifier::VerifierClient {
 public:
  struct Member {
    std::string address;  // names it: in affinity, log and metrics
    // Its ModelInfo answers within some deadline of its own.
    std::shared_ptr<verifier::VerifierClient> client;
  };

  // Polls each once, to begin with. `registry` outlives us.
  VerifierPool(std::vector<Member> members, metrics::Registry* registry);
  // Requests under way end with their verifier's last word.
  ~VerifierPool() override;

  // Asks every verifier how it is. Does not wait; called from time to time.
  void Poll();

  std::unique_ptr<verifier::GenerateCall> Generate(
      verifier::v1::GenerateRequest request,
      std::shared_ptr<verifier::GenerateObserver> observer) override;
  void Tokenize(
      verifier::v1::TokenizeRequest request,
      verifier::Callback<verifier::v1::TokenizeResponse> done) override;
  void Detokenize(
      verifier::v1::DetokenizeRequest request,
      verifier::Callback<verifier::v1::DetokenizeResponse> done) override;
  // At once, of the last polls: the healthy ones together. Unavailable: none.
  void ModelInfo(
      verifier::Callback<verifier::v1::ModelInfoResponse> done) override;
  // Of all that are healthy and answer, each sample labelled with its
  // verifier's address.
  void Metrics(verifier::Callback<verifier::v1::MetricsResponse> done) override;

 private:
  const std::shared_ptr<PoolParts> parts_;
};

}  // namespace tessera::gateway
