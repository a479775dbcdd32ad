// Connections that are cut in the middle of a call: what came before is good,
// nothing hangs, and the same client goes on when it can connect again.
#include "gtest/gtest.h"
#include "libs/rpc/server.h"
#include "libs/rpc/tcp_relay.h"
#include "services/prefix_cache/client/get_result.h"
#include "services/prefix_cache/client/grpc_client.h"
#include "services/prefix_cache/client/test_chain.h"
#include "services/prefix_cache/prefix_cache_service.h"

namespace tessera::prefix_cache {
namespace {

constexpr int64_t kPayloadBytes = 200'000;
constexpr size_t kLength = 10;

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

class ConnectionLossTest : public testing::Test {
 protected:
  ConnectionLossTest() { WaitUntilConnected(); }

  void WaitUntilConnected() {
    const absl::Time end = Soon();
    absl::Status status;
    do {
      Answer<v1::StatsResponse> stats;
      client_->Stats(Soon(), stats.callback());
      status = stats.Wait().status();
    } while (!status.ok() && absl::Now() < end);
    ASSERT_TRUE(status.ok()) << status;
  }

  absl::StatusOr<v1::PutResponse> PutAll() {
    Answer<v1::PutResponse> put;
    client_->Put(chain_, 0, PayloadsOf(*chain_, 0, kLength), Soon(),
                 put.callback());
    return put.Wait();
  }
  // Right blocks from the first on, as many as that, then this.
  absl::Status GetAll(size_t* num_blocks) {
    auto result = std::make_shared<GetResult>(kPayloadBytes);
    const auto call = client_->Get(chain_, 0, kLength, Soon(), result);
    const absl::Status status = result->Wait();
    *num_blocks = result->payloads.size();
    for (size_t i = 0; i < *num_blocks; ++i) {
      EXPECT_EQ(result->indices[i], i);
      EXPECT_EQ(result->payloads[i], PayloadOf(i, kPayloadBytes)) << i;
    }
    return status;
  }

  const std::shared_ptr<Chain> chain_ = ChainOf(kLength, kPayloadBytes);
  std::unique_ptr<Store> store_ = *Store::Create({});
  PrefixCacheService service_{store_.get()};
  std::unique_ptr<rpc::Server> server_ =
      *rpc::Server::Start({}, {{kServiceName, &service_}});
  rpc::TcpRelay relay_{server_->port()};
  std::unique_ptr<PrefixCacheClient> client_ =
      *CreateGrpcClient(absl::StrCat("127.0.0.1:", relay_.port()));
};

TEST_F(ConnectionLossTest, ACutInAGetLosesTheBlocksThatHadNotCome) {
  ASSERT_TRUE(PutAll().ok());
  for (const int num_whole : {0, 3, 9}) {
    relay_.CutAfterReceiving(num_whole * (kPayloadBytes + 1000) + 100'000);
    size_t num_blocks = 0;
    EXPECT_EQ(GetAll(&num_blocks).code(), absl::StatusCode::kUnavailable);
    EXPECT_LE(num_blocks, num_whole);
    WaitUntilConnected();
    ASSERT_TRUE(GetAll(&num_blocks).ok());
    EXPECT_EQ(num_blocks, kLength);
  }
}

TEST_F(ConnectionLossTest, ACutInAPutStoresWholeBlocksAndTheNextPutTheRest) {
  relay_.CutAfterSending(3 * kPayloadBytes + 100'000);
  EXPECT_EQ(PutAll().status().code(), absl::StatusCode::kUnavailable);
  WaitUntilConnected();
  size_t num_blocks = 0;
  ASSERT_TRUE(GetAll(&num_blocks).ok());
  EXPECT_LE(num_blocks, 3);
  const auto put = PutAll();
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_EQ(put->num_present() + put->num_stored(), kLength);
  ASSERT_TRUE(GetAll(&num_blocks).ok());
  EXPECT_EQ(num_blocks, kLength);
}

TEST_F(ConnectionLossTest, EveryCallUnderWayEndsWhenAllIsCut) {
  ASSERT_TRUE(PutAll().ok());
  for (int round = 0; round < 5; ++round) {
    std::vector<std::shared_ptr<GetResult>> results;
    std::vector<std::unique_ptr<GetCall>> calls;
    for (int i = 0; i < 16; ++i) {
      results.push_back(std::make_shared<GetResult>(kPayloadBytes));
      calls.push_back(client_->Get(chain_, 0, kLength, Soon(), results.back()));
    }
    relay_.Cut();
    for (const auto& result : results) {
      const absl::Status status = result->Wait();
      EXPECT_TRUE(status.ok() || absl::IsUnavailable(status)) << status;
    }
    WaitUntilConnected();
  }
  size_t num_blocks = 0;
  ASSERT_TRUE(GetAll(&num_blocks).ok());
  EXPECT_EQ(num_blocks, kLength);
}

}  // namespace
}  // namespace tessera::prefix_cache
