// Both clients against the same expectations: the store in this process, and
// over loopback gRPC.
#include "gtest/gtest.h"
#include "libs/rpc/server.h"
#include "services/prefix_cache/client/get_result.h"
#include "services/prefix_cache/client/grpc_client.h"
#include "services/prefix_cache/client/test_chain.h"
#include "services/prefix_cache/local_client.h"
#include "services/prefix_cache/prefix_cache_service.h"

namespace tessera::prefix_cache {
namespace {

enum class Kind { kLocal, kGrpc };

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

class ClientTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    options_.directory = NewDirectory();
    options_.memory_bytes = 32 << 20;
    options_.disk_bytes = 512 << 20;
    Open();
  }
  void Open() {
    client_.reset();
    server_.reset();
    service_.reset();
    store_.reset();
    store_ = *Store::Create(options_);
    if (GetParam() == Kind::kLocal) {
      client_ = std::make_unique<LocalClient>(store_.get());
      return;
    }
    service_ = std::make_unique<PrefixCacheService>(store_.get());
    server_ = *rpc::Server::Start({}, {{kServiceName, service_.get()}});
    client_ = *CreateGrpcClient(absl::StrCat("127.0.0.1:", server_->port()));
    bool is_connected = false;  // calls wait for no connection
    while (!is_connected) {
      Answer<v1::StatsResponse> stats;
      client_->Stats(Soon(), stats.callback());
      is_connected = stats.Wait().ok();
    }
  }

  int64_t NumMatched(const Chain& chain) {
    Answer<MatchedBlocks> matched;
    client_->Match(chain, Soon(), matched.callback());
    const auto answer = matched.Wait();
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? answer->num_blocks : -1;
  }
  absl::StatusOr<v1::PutResponse> Put(std::shared_ptr<const Chain> chain,
                                      size_t first, size_t count) {
    Answer<v1::PutResponse> put;
    client_->Put(chain, first, PayloadsOf(*chain, first, count), Soon(),
                 put.callback());
    return put.Wait();
  }
  // Blocks [first, first + count), of which `expected` come, right.
  void ExpectGets(std::shared_ptr<const Chain> chain, size_t first,
                  size_t count, size_t expected) {
    auto result = std::make_shared<GetResult>(chain->payload_bytes);
    const auto call = client_->Get(chain, first, count, Soon(), result);
    const absl::Status status = result->Wait();
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_EQ(result->payloads.size(), expected);
    for (size_t i = 0; i < expected; ++i) {
      EXPECT_EQ(result->indices[i], first + i);
      EXPECT_EQ(result->payloads[i], PayloadOf(first + i, chain->payload_bytes))
          << first + i;
    }
  }

  StoreOptions options_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<PrefixCacheService> service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<PrefixCacheClient> client_;
};

TEST_P(ClientTest, GetsWhatWasPut) {
  const auto chain = ChainOf(20, 100'000);
  EXPECT_EQ(NumMatched(*chain), 0);
  const auto put = Put(chain, 0, 15);
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_EQ(put->num_stored(), 15);
  EXPECT_EQ(NumMatched(*chain), 15);
  ExpectGets(chain, 0, 20, 15);
  ExpectGets(chain, 7, 3, 3);
  ExpectGets(chain, 15, 5, 0);
}

TEST_P(ClientTest, PuttingAgainChangesNothingAndOrphansAreRefused) {
  const auto chain = ChainOf(6, 1000);
  ASSERT_TRUE(Put(chain, 0, 3).ok());
  const auto again = Put(chain, 0, 4);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->num_present(), 3);
  EXPECT_EQ(again->num_stored(), 1);
  EXPECT_EQ(Put(chain, 5, 1)->num_refused(), 1);
}

TEST_P(ClientTest, BlocksOfManyChunksComeFromDiskToo) {
  const auto chain = ChainOf(3, 10'000'000);
  ASSERT_EQ(Put(chain, 0, 3)->num_stored(), 3);
  ExpectGets(chain, 0, 3, 3);
  Open();
  EXPECT_EQ(NumMatched(*chain), 3);
  ExpectGets(chain, 0, 3, 3);
  EXPECT_EQ(store_->Stats().num_disk_hits, 3);
}

TEST_P(ClientTest, AnotherSaltMissesAndTheSameHits) {
  const auto red = ChainOf(4, 1000, "red");
  ASSERT_TRUE(Put(red, 0, 4).ok());
  EXPECT_EQ(NumMatched(*ChainOf(4, 1000, "blue")), 0);
  ExpectGets(ChainOf(4, 1000, "blue"), 0, 4, 0);
  EXPECT_EQ(NumMatched(*ChainOf(4, 1000, "red")), 4);
}

// As if another prefix had the same hash.
TEST_P(ClientTest, ACollisionIsNoHit) {
  const auto chain = ChainOf(2, 1000);
  ASSERT_TRUE(Put(chain, 0, 2).ok());
  auto other = std::make_shared<Chain>(*chain);
  other->tokens[kTestBlockTokens] ^= 1;  // of the second block
  auto result = std::make_shared<GetResult>(1000);
  const auto call = client_->Get(other, 0, 2, Soon(), result);
  EXPECT_EQ(result->Wait().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(result->indices, std::vector<size_t>{0});
}

TEST_P(ClientTest, EvictsARootOrAll) {
  const auto red = ChainOf(4, 1000, "red");
  const auto blue = ChainOf(2, 1000, "blue");
  ASSERT_TRUE(Put(red, 0, 4).ok() && Put(blue, 0, 2).ok());
  Answer<v1::EvictResponse> evicted;
  client_->Evict(&red->root, Soon(), evicted.callback());
  EXPECT_EQ(evicted.Wait()->num_blocks(), 4);
  EXPECT_EQ(NumMatched(*red), 0);
  Answer<v1::EvictResponse> all;
  client_->Evict(nullptr, Soon(), all.callback());
  EXPECT_EQ(all.Wait()->num_blocks(), 2);
}

TEST_P(ClientTest, ACallThatIsLetGoOfTellsNobody) {
  const auto chain = ChainOf(10, 500'000);
  ASSERT_TRUE(Put(chain, 0, 10).ok());
  for (int i = 0; i < 20; ++i) {
    auto result = std::make_shared<GetResult>(chain->payload_bytes);
    client_->Get(chain, 0, 10, Soon(), result).reset();
  }
  ExpectGets(chain, 0, 10, 10);
}

TEST_P(ClientTest, ADeadlineEndsACall) {
  const auto chain = ChainOf(10, 1000);
  ASSERT_TRUE(Put(chain, 0, 10).ok());
  auto result = std::make_shared<GetResult>(chain->payload_bytes);
  const auto call =
      client_->Get(chain, 0, 10, absl::Now() - absl::Seconds(1), result);
  EXPECT_EQ(result->Wait().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(SealedClientTest, WhatSomebodyElsePutIsNotBelieved) {
  const auto store = *Store::Create({});
  PrefixCacheService service(store.get());
  const auto server = *rpc::Server::Start({}, {{kServiceName, &service}});
  const std::string address = absl::StrCat("127.0.0.1:", server->port());
  const auto ours = *CreateGrpcClient(address, {.secret = "ours"});
  const auto chain = ChainOf(2, 1000);
  // By somebody with another secret.
  for (const std::string secret : {"theirs", "ours"}) {
    const auto writer = *CreateGrpcClient(address, {.secret = secret});
    store->EvictAll();
    for (bool is_put = false; !is_put;) {  // as soon as it is connected
      Answer<v1::PutResponse> put;
      writer->Put(chain, 0, PayloadsOf(*chain, 0, 2), Soon(), put.callback());
      is_put = put.Wait().ok();
    }
    absl::Status status;
    do {
      auto result = std::make_shared<GetResult>(1000);
      const auto call = ours->Get(chain, 0, 2, Soon(), result);
      status = result->Wait();
      EXPECT_EQ(result->payloads.size(), status.ok() ? 2 : 0);
    } while (absl::IsUnavailable(status));
    EXPECT_EQ(status.code(), secret == "ours" ? absl::StatusCode::kOk
                                              : absl::StatusCode::kDataLoss);
  }
}

INSTANTIATE_TEST_SUITE_P(Clients, ClientTest,
                         testing::Values(Kind::kLocal, Kind::kGrpc),
                         [](const auto& info) {
                           return info.param == Kind::kLocal ? "Local" : "Grpc";
                         });

}  // namespace
}  // namespace tessera::prefix_cache
