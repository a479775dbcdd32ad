// What the store takes, with blocks of the default model (32 tokens, 720 KiB):
// over one connection of loopback gRPC, beside what a plain socket and a memcpy
// do in the same run; and in process.
//
//   bazel run //services/prefix_cache:store_benchmark
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "absl/time/clock.h"
#include "libs/base/check.h"
#include "libs/rpc/server.h"
#include "services/prefix_cache/client/get_result.h"
#include "services/prefix_cache/client/grpc_client.h"
#include "services/prefix_cache/client/test_chain.h"
#include "services/prefix_cache/local_client.h"
#include "services/prefix_cache/prefix_cache_service.h"

namespace tessera::prefix_cache {
namespace {

constexpr int64_t kPayloadBytes = 720 << 10;
constexpr int kNumBlocks = 125;  // 4,000 tokens
constexpr int kNumRounds = 9;
constexpr double kBytes = double{kPayloadBytes} * kNumBlocks;

double Seconds(absl::Time start) {
  return absl::ToDoubleSeconds(absl::Now() - start);
}

// The median of several rounds.
template <typename Round>
double Median(Round round) {
  std::vector<double> seconds;
  for (int i = 0; i < kNumRounds; ++i) {
    const absl::Time start = absl::Now();
    round();
    seconds.push_back(Seconds(start));
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

// Puts each payload where a verifier's arena would have it.
class ArenaObserver : public GetObserver {
 public:
  explicit ArenaObserver(uint8_t* arena) : arena_(arena) {}
  void OnBlock(size_t block, const Payload& payload) override {
    payload.CopyTo(arena_ + block * kPayloadBytes);
    ++num_blocks_;
  }
  void OnDone(absl::Status status) override { done_.callback()(status.ok()); }
  void Wait() {
    CHECK(*done_.Wait());
    CHECK(num_blocks_ == kNumBlocks) << num_blocks_;
  }

 private:
  uint8_t* const arena_;
  int num_blocks_ = 0;
  Answer<bool> done_;
};

double SocketSeconds(uint8_t* from, uint8_t* to) {
  int ends[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  std::thread writer([&] {
    for (double left = kNumRounds * kBytes; left > 0;) {
      const ssize_t sent = write(ends[0], from, 1 << 20);
      CHECK(sent > 0);
      left -= sent;
    }
    close(ends[0]);
  });
  const double seconds = Median([&] {
    for (int64_t at = 0; at < kBytes;) {
      const ssize_t got = read(ends[1], to + at, kBytes - at);
      CHECK(got > 0);
      at += got;
    }
  });
  while (read(ends[1], to, 1 << 20) > 0) {
  }
  writer.join();
  close(ends[1]);
  return seconds;
}

void Get(PrefixCacheClient* client, const std::shared_ptr<Chain>& chain,
         uint8_t* arena) {
  auto observer = std::make_shared<ArenaObserver>(arena);
  const auto call =
      client->Get(chain, 0, kNumBlocks, absl::InfiniteFuture(), observer);
  observer->Wait();
}

void Put(PrefixCacheClient* client, const std::shared_ptr<Chain>& chain,
         const std::vector<PutPayload>& payloads) {
  Answer<v1::PutResponse> put;
  client->Put(chain, 0, payloads, absl::InfiniteFuture(), put.callback());
  CHECK(put.Wait()->num_refused() == 0);
}

void Report(const char* what, double seconds, double limit) {
  std::printf(
      "%-44s %6.2f GB/s  %5.1f ms for 4,000 tokens  %4.0f%% of memcpy\n", what,
      kBytes / seconds / 1e9, seconds * 1e3, 100 * limit / seconds);
}

void Run() {
  StoreOptions options;
  options.directory = NewDirectory();
  auto store = *Store::Create(options);
  PrefixCacheService service(store.get());
  auto server = *rpc::Server::Start({}, {{kServiceName, &service}});
  auto remote = *CreateGrpcClient(absl::StrCat("127.0.0.1:", server->port()));
  LocalClient local(store.get());
  bool is_connected = false;  // calls wait for no connection
  while (!is_connected) {
    Answer<v1::StatsResponse> stats;
    remote->Stats(absl::InfiniteFuture(), stats.callback());
    is_connected = stats.Wait().ok();
  }

  const auto chain = ChainOf(kNumBlocks, kPayloadBytes);
  const auto payloads = PayloadsOf(*chain, 0, kNumBlocks);
  std::vector<uint8_t> from(kBytes, 1), arena(kBytes, 2);
  const double copy =
      Median([&] { std::copy(from.begin(), from.end(), arena.begin()); });
  Report("memcpy", copy, copy);
  Report("a local socket, 1 MiB writes",
         SocketSeconds(from.data(), arena.data()), copy);
  Report("put, gRPC", Median([&] {
           store->EvictAll();
           Put(remote.get(), chain, payloads);
         }),
         copy);
  Report("get, gRPC", Median([&] { Get(remote.get(), chain, arena.data()); }),
         copy);
  for (const PutPayload& payload : payloads) {
    const size_t block = &payload - payloads.data();
    CHECK(std::equal(payload.bytes.begin(), payload.bytes.end(),
                     arena.begin() + block * kPayloadBytes));
  }
  Report("get, in process", Median([&] { Get(&local, chain, arena.data()); }),
         copy);
  const int kMatches = 2000;
  const double match = Median([&] {
    for (int i = 0; i < kMatches; ++i) store->Match(chain->root, chain->hashes);
  });
  std::printf("match, in process: %.0f ns a block\n",
              match / kMatches / kNumBlocks * 1e9);
  const double rpc = Median([&] {
    Answer<MatchedBlocks> matched;
    remote->Match(*chain, absl::InfiniteFuture(), matched.callback());
    CHECK(matched.Wait().ok());
  });
  std::printf("match, gRPC: %.0f us for %d blocks\n", rpc * 1e6, kNumBlocks);

  // The rounds of put may have filled the write queue: once more, all of it.
  store->EvictAll();
  store->WaitUntilWritten();
  Put(&local, chain, payloads);
  store->WaitUntilWritten();
  server->Shutdown(absl::ZeroDuration());
  remote.reset();
  server.reset();
  double disk = 0;
  {
    options.memory_bytes = 0;
    store.reset();
    store = *Store::Create(options);
    LocalClient again(store.get());
    disk = Median([&] { Get(&again, chain, arena.data()); });
  }
  Report("get from disk after a restart, page cache warm", disk, copy);
  store.reset();
  std::filesystem::remove_all(options.directory);
}

}  // namespace
}  // namespace tessera::prefix_cache

int main() { tessera::prefix_cache::Run(); }
