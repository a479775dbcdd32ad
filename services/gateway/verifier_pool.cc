#include "services/gateway/verifier_pool.h"

#include <mutex>
#include <utility>

#include "libs/metrics/exposition.h"
#include "services/gateway/prefix_affinity.h"

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;
using verifier::Callback;
using verifier::VerifierClient;

std::shared_ptr<PoolParts> NewParts(std::vector<VerifierPool::Member> members,
                                    metrics::Registry* registry) {
  std::vector<std::string> addresses;
  PoolParts::Clients clients;
  for (VerifierPool::Member& member : members) {
    addresses.push_back(std::move(member.address));
    clients.push_back(std::move(member.client));
  }
  return std::make_shared<PoolParts>(std::move(addresses), std::move(clients),
                                     registry);
}

// One call that has one answer, of the next verifier not in `tried`.
template <typename Request, typename Response>
void Route(const std::shared_ptr<PoolParts>& parts, const Request& request,
           void (VerifierClient::*ask)(Request, Callback<Response>),
           std::vector<bool> tried, Callback<Response> done) {
  const std::optional<size_t> index =
      parts->table.Choose(PrefixHash(v1::Prompt(), ""), tried);
  if (!index.has_value()) return done(NoneCanAnswer());
  tried[*index] = true;
  const std::shared_ptr<VerifierClient> client = parts->client(*index);
  if (client == nullptr) return done(NoneCanAnswer());
  (client.get()->*ask)(
      request, [parts, request, ask, tried = std::move(tried), index = *index,
                done = std::move(done)](absl::StatusOr<Response> response) {
        parts->table.Release(index);
        if (!absl::IsUnavailable(response.status())) {
          return done(std::move(response));
        }
        parts->table.Eject(index, response.status());
        Route(parts, request, ask, tried, done);
      });
}

// Gathers the answers of several verifiers; the last one to answer, or to be
// left out, ends it.
class GatheredMetrics {
 public:
  explicit GatheredMetrics(Callback<v1::MetricsResponse> done)
      : done_(std::move(done)) {}
  ~GatheredMetrics() {
    v1::MetricsResponse response;
    response.set_exposition(metrics::MergeExpositions(expositions_));
    done_(std::move(response));
  }
  void Add(std::string exposition) {
    std::lock_guard<std::mutex> lock(mutex_);
    expositions_.push_back(std::move(exposition));
  }

 private:
  const Callback<v1::MetricsResponse> done_;
  std::mutex mutex_;
  std::vector<std::string> expositions_;  // by mutex_
};

}  // namespace

VerifierPool::VerifierPool(std::vector<Member> members,
                           metrics::Registry* registry)
    : parts_(NewParts(std::move(members), registry)) {
  Poll();
}

// The clients end here, not on a thread of one of them.
VerifierPool::~VerifierPool() { parts_->TakeClients(); }

void VerifierPool::Poll() {
  for (size_t i = 0; i < parts_->table.size(); ++i) {
    if (!parts_->table.BeginPoll(i)) continue;
    parts_->client(i)->ModelInfo(
        [parts = parts_,
         i](const absl::StatusOr<v1::ModelInfoResponse>& response) {
          parts->table.EndPoll(i, response);
        });
  }
}

std::unique_ptr<verifier::GenerateCall> VerifierPool::Generate(
    v1::GenerateRequest request,
    std::shared_ptr<verifier::GenerateObserver> observer) {
  return RouteGeneration(parts_, std::move(request), std::move(observer));
}

void VerifierPool::Tokenize(v1::TokenizeRequest request,
                            Callback<v1::TokenizeResponse> done) {
  Route(parts_, request, &VerifierClient::Tokenize,
        std::vector<bool>(parts_->table.size()), std::move(done));
}

void VerifierPool::Detokenize(v1::DetokenizeRequest request,
                              Callback<v1::DetokenizeResponse> done) {
  Route(parts_, request, &VerifierClient::Detokenize,
        std::vector<bool>(parts_->table.size()), std::move(done));
}

void VerifierPool::ModelInfo(Callback<v1::ModelInfoResponse> done) {
  done(parts_->table.Info());
}

void VerifierPool::Metrics(Callback<v1::MetricsResponse> done) {
  const auto gathered = std::make_shared<GatheredMetrics>(std::move(done));
  for (size_t i = 0; i < parts_->table.size(); ++i) {
    const std::shared_ptr<VerifierClient> client = parts_->client(i);
    if (client == nullptr || !parts_->table.is_healthy(i)) continue;
    client->Metrics([gathered, address = parts_->table.address(i)](
                        const absl::StatusOr<v1::MetricsResponse>& response) {
      if (!response.ok()) return;
      gathered->Add(
          metrics::AddLabel(response->exposition(), "verifier", address));
    });
  }
}

}  // namespace tessera::gateway
