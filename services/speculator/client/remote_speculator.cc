#include "services/speculator/client/remote_speculator.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/client_context.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/status.h"
#include "proto/speculator.grpc.pb.h"
#include "services/speculator/client/availability.h"
#include "services/speculator/client/draft_messages.h"
#include "services/speculator/client/protocol_limits.h"
#include "services/speculator/client/told_sequences.h"

namespace tessera::speculator {
namespace {

uint64_t RandomNumber() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

// A speculator of a model that nobody could have is not asked again.
constexpr int64_t kMaxVocabSize = sampling::kMaxVocabSize;

}  // namespace

struct RemoteSpeculator::Parts {
  Parts(const std::string& address, std::shared_ptr<grpc::Channel> channel,
        const RemoteOptions& options, metrics::Registry* registry)
      : address(address),
        options(options),
        channel(std::move(channel)),
        stub(v1::Speculator::NewStub(this->channel)),
        failures(registry->AddCounter(
            "tessera_speculator_client_failures_total",
            "Calls for drafts that failed, of a speculator elsewhere.")),
        ready(registry->AddGauge(
            "tessera_speculator_client_ready",
            "1 while a speculator elsewhere is asked for drafts.")),
        availability([this] { return Annotate(Probe(), this->address); },
                     options.min_pause, options.max_pause) {}

  absl::Status Probe();
  grpc::Status AskModelInfo(bool waits_for_connection,
                            v1::ModelInfoResponse* info);
  // Cancels a probe under way and lets none begin.
  void Stop();

  const std::string address;
  const RemoteOptions options;
  const uint64_t client = RandomNumber();
  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<v1::Speculator::Stub> stub;
  metrics::Counter& failures;
  metrics::Gauge& ready;

  std::string vocabulary_digest;  // set before the first probe
  int32_t target_vocab_size = 0;
  std::atomic<int32_t> draft_vocab_size = 0;

  std::mutex mutex;
  grpc::ClientContext* probe = nullptr;  // by mutex
  bool is_stopped = false;               // by mutex

  // The caller's thread alone.
  ToldSequences told;
  std::vector<uint64_t> released;

  Availability availability;  // last: its thread uses the rest
};

grpc::Status RemoteSpeculator::Parts::AskModelInfo(
    bool waits_for_connection, v1::ModelInfoResponse* info) {
  grpc::ClientContext context;
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (is_stopped) return grpc::Status::CANCELLED;
    probe = &context;
  }
  context.set_wait_for_ready(waits_for_connection);
  context.set_deadline(absl::ToChronoTime(absl::Now() + options.probe_timeout));
  const grpc::Status status = stub->ModelInfo(&context, {}, info);
  std::lock_guard<std::mutex> lock(mutex);
  probe = nullptr;
  return status;
}

absl::Status RemoteSpeculator::Parts::Probe() {
  v1::ModelInfoResponse info;
  grpc::Status status = AskModelInfo(true, &info);
  // Who waits is not told why there is no connection, who does not wait is.
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED &&
      channel->GetState(false) != GRPC_CHANNEL_READY) {
    status = AskModelInfo(false, &info);
  }
  RETURN_IF_ERROR(rpc::FromGrpc(status));
  if (info.vocabulary_digest() != vocabulary_digest) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the vocabulary of ", info.name().substr(0, 100), " is another"));
  }
  if (info.vocab_size() < 1 || info.vocab_size() > kMaxVocabSize) {
    return absl::DataLossError(
        absl::StrCat("a vocabulary of ", info.vocab_size(), " tokens"));
  }
  draft_vocab_size = info.vocab_size();
  ready.Set(1);
  return absl::OkStatus();
}

void RemoteSpeculator::Parts::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    is_stopped = true;
    if (probe != nullptr) probe->TryCancel();
  }
  availability.Stop();
}

absl::StatusOr<std::unique_ptr<RemoteSpeculator>> RemoteSpeculator::Create(
    const std::string& address, const RemoteOptions& options,
    metrics::Registry* registry) {
  ASSIGN_OR_RETURN(std::shared_ptr<grpc::Channel> channel,
                   rpc::OpenChannel(address, {.tls = options.tls}));
  return std::unique_ptr<RemoteSpeculator>(new RemoteSpeculator(
      std::make_unique<Parts>(address, std::move(channel), options, registry)));
}

RemoteSpeculator::RemoteSpeculator(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}

RemoteSpeculator::~RemoteSpeculator() { parts_->Stop(); }

void RemoteSpeculator::SetTarget(const std::string& vocabulary_digest,
                                 int32_t vocab_size) {
  CHECK(parts_->target_vocab_size == 0) << "a second target";
  parts_->vocabulary_digest = vocabulary_digest;
  parts_->target_vocab_size = vocab_size;
  parts_->availability.Start();
}

bool RemoteSpeculator::is_ready() const {
  return parts_->availability.is_ready();
}

absl::Status RemoteSpeculator::Propose(absl::Span<const DraftRequest> requests,
                                       absl::Time deadline,
                                       std::vector<Draft>* drafts,
                                       DraftTimes* times) {
  drafts->assign(requests.size(), Draft());
  *times = DraftTimes();
  if (!is_ready()) return absl::OkStatus();
  const absl::Time start = absl::Now();
  const SharedVocabulary vocabulary = {parts_->target_vocab_size,
                                       parts_->draft_vocab_size};
  v1::ProposeRequest request;
  v1::ProposeResponse response;
  std::vector<size_t> sent;
  request.set_client(parts_->client);
  request.mutable_released()->Add(parts_->released.begin(),
                                  parts_->released.end());
  FillRequest(requests, vocabulary, &parts_->told, &request, &sent);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(
      std::min(deadline, start + parts_->options.call_timeout)));
  absl::Status status =
      rpc::FromGrpc(parts_->stub->Propose(&context, request, &response));
  if (status.ok()) {
    status = ReadResponse(response, requests, sent, vocabulary, &parts_->told,
                          drafts);
  }
  const absl::Duration elapsed = absl::Now() - start;
  if (status.ok()) status = ReadTimes(response, elapsed, times);
  if (status.ok()) {
    parts_->released.clear();
    parts_->availability.Succeeded();
    return status;
  }
  drafts->assign(requests.size(), Draft());
  *times = {.overhead = elapsed};
  parts_->failures.Add();
  parts_->ready.Set(0);
  parts_->availability.Failed(Annotate(status, parts_->address));
  return status;
}

void RemoteSpeculator::Release(SequenceId sequence) {
  parts_->told.Forget(sequence);
  // Those that are not told of are forgotten in time by themselves.
  if (parts_->released.size() < kMaxReleasedPerCall) {
    parts_->released.push_back(sequence);
  }
}

}  // namespace tessera::speculator
