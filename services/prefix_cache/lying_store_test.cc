// A store that answers wrong, late, out of order or not at all costs its hits.
#include <atomic>
#include <thread>

#include "gtest/gtest.h"
#include "libs/rpc/server.h"
#include "proto/prefix_cache.grpc.pb.h"
#include "services/prefix_cache/client/get_result.h"
#include "services/prefix_cache/client/grpc_client.h"
#include "services/prefix_cache/client/guarded_client.h"
#include "services/prefix_cache/client/test_chain.h"

namespace tessera::prefix_cache {
namespace {

constexpr int64_t kPayloadBytes = 5000;
constexpr size_t kLength = 3;

enum class Lie {
  kNone,
  kFlippedBit,
  kOtherTokens,
  kOtherParent,
  kOtherBlock,
  kOutOfOrder,
  kTwice,
  kTooMany,
  kCutShort,
  kOtherSize,
  kSilence,
  kStall,  // a block, then nothing until it is too late for the others
};

absl::Time In(int milliseconds) {
  return absl::Now() + absl::Milliseconds(milliseconds);
}

// Speaks the protocol, not the truth.
class LyingStore : public v1::PrefixCache::Service {
 public:
  explicit LyingStore(std::shared_ptr<Chain> chain)
      : chain_(std::move(chain)) {}

  grpc::Status Match(grpc::ServerContext*, const v1::MatchRequest*,
                     v1::MatchResponse* response) override {
    response->set_num_blocks(lie == Lie::kTooMany ? 1000 : kLength);
    return grpc::Status::OK;
  }

  grpc::Status Get(grpc::ServerContext* context, const v1::GetRequest*,
                   grpc::ServerWriter<v1::BlockChunk>* writer) override {
    if (lie == Lie::kSilence) WaitUntilCancelled(context);
    std::vector<v1::BlockChunk> chunks;
    for (size_t i = 0; i < kLength; ++i) chunks.push_back(ChunkOf(i));
    if (lie == Lie::kOutOfOrder) std::swap(chunks[1], chunks[2]);
    if (lie == Lie::kTwice) chunks[2] = chunks[1];
    if (lie == Lie::kTooMany) chunks.push_back(chunks[2]);
    for (const v1::BlockChunk& chunk : chunks) {
      writer->Write(chunk);
      if (lie == Lie::kStall) WaitUntilCancelled(context);
    }
    return grpc::Status::OK;
  }

  std::atomic<Lie> lie = Lie::kNone;

 private:
  static void WaitUntilCancelled(grpc::ServerContext* context) {
    while (!context->IsCancelled()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  // Block 2 is the one that is lied about.
  v1::BlockChunk ChunkOf(size_t block) {
    const bool is_lie = block == 2;
    std::vector<int32_t> tokens(chain_->tokens_of(block).begin(),
                                chain_->tokens_of(block).end());
    Hash parent = chain_->parent(block);
    Hash name = chain_->hashes[block];
    if (is_lie && lie == Lie::kOtherTokens) ++tokens[1];
    if (is_lie && lie == Lie::kOtherParent) parent = chain_->root;
    const auto payload = PayloadOf(
        block, kPayloadBytes + (is_lie && lie == Lie::kOtherSize ? 1 : 0));
    const auto record =
        Record::Make(is_lie && lie == Lie::kOtherBlock ? parent : name,
                     chain_->root, parent, tokens, payload);
    v1::BlockChunk chunk;
    chunk.set_hash(std::string(name.begin(), name.end()));
    chunk.set_record_bytes(record->bytes().size());
    chunk.set_data(std::string(record->bytes().begin(), record->bytes().end()));
    if (is_lie && lie == Lie::kFlippedBit) (*chunk.mutable_data())[3000] ^= 1;
    if (is_lie && lie == Lie::kCutShort) chunk.mutable_data()->resize(3000);
    return chunk;
  }

  const std::shared_ptr<Chain> chain_;
};

class LyingStoreTest : public testing::Test {
 protected:
  LyingStoreTest() {
    for (bool is_connected = false; !is_connected;) {
      Answer<MatchedBlocks> matched;
      client_->Match(*chain_, In(5000), matched.callback());
      is_connected = matched.Wait().ok();
    }
    guarded_ = std::make_unique<GuardedClient>(
        std::move(client_),
        CircuitBreakerOptions{.failures_to_open = 3, .now = [this] {
                                return absl::FromUnixSeconds(now_seconds_);
                              }});
  }

  absl::Status Get(size_t* num_blocks, int milliseconds = 20'000) {
    auto result = std::make_shared<GetResult>(kPayloadBytes);
    const auto call =
        guarded_->Get(chain_, 0, kLength, In(milliseconds), result);
    const absl::Status status = result->Wait();
    *num_blocks = result->payloads.size();
    for (size_t i = 0; i < *num_blocks; ++i) {
      EXPECT_EQ(result->payloads[i], PayloadOf(i, kPayloadBytes)) << i;
    }
    return status;
  }

  const std::shared_ptr<Chain> chain_ = ChainOf(kLength, kPayloadBytes);
  LyingStore store_{chain_};
  std::unique_ptr<rpc::Server> server_ = *rpc::Server::Start(
      {}, {{"tessera.prefix_cache.v1.PrefixCache", &store_}});
  std::unique_ptr<PrefixCacheClient> client_ =
      *CreateGrpcClient(absl::StrCat("127.0.0.1:", server_->port()));
  std::atomic<int64_t> now_seconds_ = 0;
  std::unique_ptr<GuardedClient> guarded_;
};

TEST_F(LyingStoreTest, WhatIsTrueBeforeALieIsUsedAndTheLieIsNot) {
  size_t num_blocks = 0;
  ASSERT_TRUE(Get(&num_blocks).ok());
  ASSERT_EQ(num_blocks, kLength);
  for (const auto& [lie, expected] :
       std::vector<std::pair<Lie, size_t>>{{Lie::kFlippedBit, 2},
                                           {Lie::kOtherTokens, 2},
                                           {Lie::kOtherParent, 2},
                                           {Lie::kOtherBlock, 2},
                                           {Lie::kOutOfOrder, 1},
                                           {Lie::kTwice, 2},
                                           {Lie::kTooMany, 3},
                                           {Lie::kCutShort, 2},
                                           {Lie::kOtherSize, 2}}) {
    SCOPED_TRACE(static_cast<int>(lie));
    store_.lie = lie;
    EXPECT_EQ(Get(&num_blocks).code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(num_blocks, expected);
    store_.lie = Lie::kNone;  // so that the breaker stays closed
    EXPECT_TRUE(Get(&num_blocks).ok());
  }
}

TEST_F(LyingStoreTest, MoreMatchedThanAskedForIsDataLoss) {
  store_.lie = Lie::kTooMany;
  Answer<MatchedBlocks> matched;
  guarded_->Match(*chain_, In(5000), matched.callback());
  EXPECT_EQ(matched.Wait().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(LyingStoreTest, OneThatIsSilentIsNotAskedAfterThreeDeadlines) {
  store_.lie = Lie::kSilence;
  size_t num_blocks = 0;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Get(&num_blocks, 20).code(), absl::StatusCode::kDeadlineExceeded);
  }
  EXPECT_EQ(guarded_->state(), CircuitBreaker::State::kOpen);
  EXPECT_EQ(Get(&num_blocks).code(), absl::StatusCode::kUnavailable);
  store_.lie = Lie::kNone;
  EXPECT_EQ(Get(&num_blocks).code(), absl::StatusCode::kUnavailable);
  ++now_seconds_;
  EXPECT_TRUE(Get(&num_blocks).ok());
  EXPECT_EQ(num_blocks, kLength);
  EXPECT_EQ(guarded_->state(), CircuitBreaker::State::kClosed);
}

TEST_F(LyingStoreTest, WhatCameInTimeOfAGetThatStallsIsUsed) {
  store_.lie = Lie::kStall;
  size_t num_blocks = 0;
  // A deadline that any machine meets for the first block.
  EXPECT_EQ(Get(&num_blocks, 2000).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(num_blocks, 1);
  store_.lie = Lie::kNone;
  EXPECT_TRUE(Get(&num_blocks).ok());
  EXPECT_EQ(num_blocks, kLength);
}

TEST_F(LyingStoreTest, OneThatIsGoneIsUnavailableAndFoundAgain) {
  const std::string address = absl::StrCat("127.0.0.1:", server_->port());
  server_.reset();
  size_t num_blocks = 0;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(Get(&num_blocks).code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ(guarded_->state(), CircuitBreaker::State::kOpen);
  server_ = *rpc::Server::Start(
      {.listen = address}, {{"tessera.prefix_cache.v1.PrefixCache", &store_}});
  const absl::Time start = absl::Now();
  absl::Status status;
  do {
    now_seconds_ += 5;
    status = Get(&num_blocks);
  } while (!status.ok() && absl::Now() < start + absl::Seconds(30));
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(LyingStoreTest, ACallThatIsCancelledSaysNothingOfTheStore) {
  store_.lie = Lie::kSilence;
  for (int i = 0; i < 5; ++i) {
    guarded_
        ->Get(chain_, 0, kLength, In(20'000),
              std::make_shared<GetResult>(kPayloadBytes))
        .reset();
  }
  EXPECT_EQ(guarded_->state(), CircuitBreaker::State::kClosed);
}

}  // namespace
}  // namespace tessera::prefix_cache
