#include "services/prefix_cache/client/grpc_client.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "libs/rpc/call_count.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/status.h"
#include "proto/prefix_cache.grpc.pb.h"
#include "services/prefix_cache/client/get_reader.h"
#include "services/prefix_cache/client/put_writer.h"
#include "services/prefix_cache/messages.h"

namespace tessera::prefix_cache {
namespace {

class Call : public GetCall {
 public:
  explicit Call(std::shared_ptr<GetReader> reader)
      : reader_(std::move(reader)) {}
  ~Call() override {
    reader_->Detach();
    reader_->Cancel();
  }
  void Cancel() override { reader_->Cancel(); }

 private:
  const std::shared_ptr<GetReader> reader_;
};

// A unary call's parts, alive until its callback.
template <typename Request, typename Response>
struct Unary {
  grpc::ClientContext context;
  Request request;
  Response response;
};

class GrpcClient : public PrefixCacheClient {
 public:
  GrpcClient(std::shared_ptr<grpc::Channel> channel, std::string secret)
      : sealer_(std::move(secret)),
        stub_(v1::PrefixCache::NewStub(channel)),
        raw_(channel) {}

  // Waits for calls that have not ended: those that were let go of are
  // cancelled.
  ~GrpcClient() override { calls_->WaitForNone(absl::Hours(1)); }

  void Match(const Chain& chain, absl::Time deadline,
             Callback<MatchedBlocks> done) override {
    auto unary = Make<v1::MatchRequest, v1::MatchResponse>(deadline);
    unary->request.set_root(JoinHashes({chain.root}));
    unary->request.set_hashes(JoinHashes(chain.hashes));
    const int64_t length = chain.hashes.size();
    stub_->async()->Match(
        &unary->context, &unary->request, &unary->response,
        Finish<v1::MatchRequest, v1::MatchResponse>(
            unary, [length, done = std::move(done)](
                       absl::StatusOr<v1::MatchResponse> response) {
              if (!response.ok()) return done(response.status());
              const MatchedBlocks matched = {response->num_blocks(),
                                             response->num_in_memory()};
              if (matched.num_in_memory < 0 || matched.num_blocks > length ||
                  matched.num_in_memory > matched.num_blocks) {
                return done(absl::DataLossError(
                    "num_blocks: more than were asked for"));
              }
              done(matched);
            }));
  }

  std::unique_ptr<GetCall> Get(std::shared_ptr<const Chain> chain, size_t first,
                               size_t count, absl::Time deadline,
                               std::shared_ptr<GetObserver> observer) override {
    auto reader = std::make_shared<GetReader>(std::move(chain), first, count,
                                              &sealer_, std::move(observer));
    reader->Start(&raw_, deadline, calls_, reader);
    return std::make_unique<Call>(std::move(reader));
  }

  void Put(std::shared_ptr<const Chain> chain, size_t first,
           std::vector<PutPayload> payloads, absl::Time deadline,
           Callback<v1::PutResponse> done) override {
    (new PutWriter(std::move(chain), first, std::move(payloads), &sealer_,
                   std::move(done)))
        ->Start(&raw_, deadline, calls_);
  }

  void Stats(absl::Time deadline, Callback<v1::StatsResponse> done) override {
    auto unary = Make<v1::StatsRequest, v1::StatsResponse>(deadline);
    stub_->async()->Stats(&unary->context, &unary->request, &unary->response,
                          Finish(unary, std::move(done)));
  }

  void Evict(const Hash* root, absl::Time deadline,
             Callback<v1::EvictResponse> done) override {
    auto unary = Make<v1::EvictRequest, v1::EvictResponse>(deadline);
    if (root != nullptr) unary->request.set_root(JoinHashes({*root}));
    stub_->async()->Evict(&unary->context, &unary->request, &unary->response,
                          Finish(unary, std::move(done)));
  }

 private:
  template <typename Request, typename Response>
  static std::shared_ptr<Unary<Request, Response>> Make(absl::Time deadline) {
    auto unary = std::make_shared<Unary<Request, Response>>();
    unary->context.set_deadline(absl::ToChronoTime(deadline));
    return unary;
  }

  template <typename Request, typename Response>
  std::function<void(grpc::Status)> Finish(
      std::shared_ptr<Unary<Request, Response>> unary,
      Callback<Response> done) {
    calls_->Begin();
    return [unary = std::move(unary), calls = calls_,
            done = std::move(done)](grpc::Status status) mutable {
      absl::StatusOr<Response> result =
          status.ok() ? absl::StatusOr<Response>(std::move(unary->response))
                      : absl::StatusOr<Response>(rpc::FromGrpc(status));
      unary.reset();  // the context, before anybody is told
      done(std::move(result));
      calls->End();
    };
  }

  const std::shared_ptr<rpc::CallCount> calls_ =
      std::make_shared<rpc::CallCount>();
  const Sealer sealer_;
  const std::unique_ptr<v1::PrefixCache::Stub> stub_;
  grpc::GenericStub raw_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<PrefixCacheClient>> CreateGrpcClient(
    const std::string& address, const GrpcClientOptions& options) {
  ASSIGN_OR_RETURN(
      std::shared_ptr<grpc::Channel> channel,
      rpc::OpenChannel(address, {.tls = options.tls, .is_bulk = true}));
  return std::make_unique<GrpcClient>(std::move(channel), options.secret);
}

}  // namespace tessera::prefix_cache
