// What a token of a stream costs: its event as text, and all that happens from
// the verifier's response to the connection.
#include <cstddef>
#include <string>
#include <utility>

#include "benchmark/benchmark.h"
#include "services/gateway/chunk_text.h"
#include "services/gateway/fake_verifier.h"
#include "services/gateway/generation.h"

namespace tessera::gateway {
namespace {

GenerationRequest ChatRequest() {
  GenerationRequest request;
  request.is_chat = true;
  request.stream = true;
  request.model = "SmolLM2-135M-Instruct";
  return request;
}

AnswerHead Head() { return {AnswerId(true, NewRequestId()), 1700000000}; }

verifier::v1::ChoiceDelta Delta(absl::string_view text) {
  verifier::v1::ChoiceDelta delta;
  delta.set_text(std::string(text));
  delta.add_token_ids(7);
  return delta;
}

void BM_Chunk(benchmark::State& state) {
  const ChunkText text(ChatRequest(), Head());
  const verifier::v1::ChoiceDelta delta = Delta(" colour");
  for (auto _ : state) {
    std::string events;
    text.AppendDelta(0, delta, nullptr, &events);
    benchmark::DoNotOptimize(events.data());
  }
}
BENCHMARK(BM_Chunk);

void BM_ChunkWithLogprobs(benchmark::State& state) {
  GenerationRequest request = ChatRequest();
  request.logprobs = true;
  const ChunkText text(request, Head());
  verifier::v1::ChoiceDelta delta = Delta(" colour");
  auto* logprobs = delta.add_logprobs();
  logprobs->mutable_chosen()->set_text(" colour");
  logprobs->mutable_chosen()->set_logprob(-0.123f);
  for (int i = 0; i < state.range(0); ++i) {
    *logprobs->add_top() = logprobs->chosen();
  }
  const auto shape = NewChatLogprobs();
  for (auto _ : state) {
    std::string events;
    text.AppendDelta(0, delta, shape.get(), &events);
    benchmark::DoNotOptimize(events.data());
  }
}
BENCHMARK(BM_ChunkWithLogprobs)->Arg(0)->Arg(5);

// A connection that takes everything.
class Sink : public http::Exchange {
 public:
  void Send(http::Response) override {}
  void Begin(http::Response) override {}
  bool Write(std::string piece) override {
    benchmark::DoNotOptimize(piece.data());
    return true;
  }
  void Finish() override {}
  void OnClosed(std::function<void()>) override {}
};

// The gateway's part of a token but for the connection's.
void BM_ResponseToExchange(benchmark::State& state) {
  FakeVerifier verifier;
  auto exchange = std::make_shared<ObservedExchange>(
      std::make_shared<Sink>(), RequestRecord(), [](const RequestRecord&) {});
  AnswerParts parts;
  parts.request = ChatRequest();
  parts.head = Head();
  parts.exchange = exchange;
  Generation::Run(std::vector<verifier::v1::GenerateRequest>(1),
                  std::move(parts), std::move(exchange), &verifier);
  verifier::v1::GenerateResponse response;
  *response.add_deltas() = Delta(" colour");
  for (auto _ : state) verifier.calls[0]->observer->OnResponse(response);
  std::exchange(verifier.calls[0]->observer, nullptr)->OnDone(absl::OkStatus());
}
BENCHMARK(BM_ResponseToExchange);

}  // namespace
}  // namespace tessera::gateway

BENCHMARK_MAIN();
