#include "services/verifier/prefix/write_behind.h"

#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "libs/kv_cache/prefix_hash.h"
#include "services/verifier/prefix/put_pace.h"
#include "services/verifier/testing/fake_store.h"

namespace tessera::verifier {
namespace {

using prefix_cache::Chain;
using prefix_cache::v1::PutResponse;

constexpr int kBlockBytes = 128;
constexpr int kBlockTokens = 2;

// Holds each Put until it is told to answer.
class SlowStore : public FakeStore {
 public:
  struct Call {
    std::shared_ptr<const Chain> chain;
    size_t first = 0;
    std::vector<prefix_cache::PutPayload> payloads;
    prefix_cache::Callback<PutResponse> done;
  };
  void Put(std::shared_ptr<const Chain> chain, size_t first,
           std::vector<prefix_cache::PutPayload> payloads, absl::Time deadline,
           prefix_cache::Callback<PutResponse> done) override {
    calls.push_back(
        {std::move(chain), first, std::move(payloads), std::move(done)});
  }
  // Of the oldest.
  void Answer(absl::StatusOr<PutResponse> response) {
    Call call = std::move(calls.front());
    calls.erase(calls.begin());
    call.payloads.clear();
    call.done(std::move(response));
  }

  std::vector<Call> calls;
};

class WriteBehindTest : public testing::Test {
 protected:
  explicit WriteBehindTest(
      const WriteBehind::Options& options = {.block_bytes = kBlockBytes,
                                             .max_bytes = 4 * kBlockBytes})
      : writes_(options, &store_, &metrics_) {
    chain_->root = hasher_.root();
    chain_->block_tokens = kBlockTokens;
    chain_->payload_bytes = kBlockBytes;
    chain_->tokens.assign(16 * kBlockTokens, 3);
    chain_->hashes = hasher_.Chain(hasher_.root(), chain_->tokens);
  }

  void Put(const std::shared_ptr<WriteBehind::Lane>& lane, size_t first,
           const std::vector<std::string>& blocks) {
    std::vector<const uint8_t*> bytes;
    for (const std::string& block : blocks) {
      bytes.push_back(reinterpret_cast<const uint8_t*>(block.data()));
    }
    writes_.Put(lane, chain_, first, bytes);
  }
  double Counter(const std::string& name) {
    const std::string text = registry_.Exposition();
    const std::string line = "\n" + name + "{model_name=\"m\"} ";
    const size_t at = text.find(line);
    EXPECT_NE(at, std::string::npos) << name;
    return std::atof(text.c_str() + at + line.size());
  }

  const std::string a_ = std::string(kBlockBytes, 'a');
  const std::string b_ = std::string(kBlockBytes, 'b');
  kv_cache::PrefixHasher hasher_{"key", {.block_tokens = kBlockTokens}};
  std::shared_ptr<Chain> chain_ = std::make_shared<Chain>();
  SlowStore store_;
  metrics::Registry registry_;
  PrefixStoreMetrics metrics_{&registry_, "m"};
  WriteBehind writes_;
};

TEST_F(WriteBehindTest, CopiesWhatItPuts) {
  std::string block = a_;
  Put(writes_.NewLane(), 0, {block});
  block = b_;
  ASSERT_EQ(store_.calls.size(), 1);
  const prefix_cache::ByteSpan bytes = store_.calls[0].payloads[0].bytes;
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), a_);
  store_.Answer(PutResponse());
  EXPECT_EQ(Counter("tessera_prefix_store_put_blocks_total"), 1);
  EXPECT_EQ(Counter("tessera_prefix_store_put_bytes_total"), kBlockBytes);
}

TEST_F(WriteBehindTest, TakesNoMoreMemoryThanItMay) {
  EXPECT_EQ(writes_.num_free(), 4);
  Put(writes_.NewLane(), 0, {a_, b_});
  Put(writes_.NewLane(), 0, {a_, b_});
  EXPECT_EQ(writes_.num_free(), 0);
  store_.Answer(PutResponse());
  EXPECT_EQ(writes_.num_free(), 2);
  // The store may still be sending what its call has ended without.
  const std::vector<prefix_cache::PutPayload> kept = store_.calls[0].payloads;
  store_.Answer(absl::DeadlineExceededError("put"));
  EXPECT_EQ(writes_.num_free(), 2);
}

TEST_F(WriteBehindTest, ALanesCallsFollowEachOther) {
  const auto lane = writes_.NewLane();
  Put(lane, 0, {a_});
  Put(lane, 1, {b_});
  Put(writes_.NewLane(), 0, {a_});
  ASSERT_EQ(store_.calls.size(), 2);
  store_.Answer(PutResponse());
  ASSERT_EQ(store_.calls.size(), 2);
  EXPECT_EQ(store_.calls[1].first, 1);
}

TEST_F(WriteBehindTest, AfterAFailureTheLaneIsDropped) {
  PutResponse refused;
  refused.set_num_refused(1);
  for (const absl::StatusOr<PutResponse>& failure :
       {absl::StatusOr<PutResponse>(absl::UnavailableError("away")),
        absl::StatusOr<PutResponse>(refused)}) {
    const auto lane = writes_.NewLane();
    Put(lane, 0, {a_});
    Put(lane, 1, {b_, a_});
    EXPECT_FALSE(writes_.is_broken(*lane));
    store_.Answer(failure);
    EXPECT_TRUE(writes_.is_broken(*lane));
    EXPECT_TRUE(store_.calls.empty());
    EXPECT_EQ(writes_.num_free(), 4);
  }
  EXPECT_EQ(Counter("tessera_prefix_store_dropped_blocks_total"), 6);
}

TEST_F(WriteBehindTest, CallsMayEndWithoutIt) {
  SlowStore store;
  {
    WriteBehind writes(
        {.block_bytes = kBlockBytes, .max_bytes = 4 * kBlockBytes}, &store,
        &metrics_);
    const std::vector<const uint8_t*> block = {
        reinterpret_cast<const uint8_t*>(a_.data())};
    const auto lane = writes.NewLane();
    writes.Put(lane, chain_, 0, block);
    writes.Put(lane, chain_, 1, block);
    writes.WaitUntilIdle(absl::Milliseconds(1));
  }
  store.Answer(PutResponse());
  EXPECT_TRUE(store.calls.empty());  // what waited is dropped
}

class YieldingWriteBehindTest : public WriteBehindTest {
 protected:
  YieldingWriteBehindTest()
      : WriteBehindTest({.block_bytes = kBlockBytes,
                         .max_bytes = 4 * kBlockBytes,
                         .yields = true}) {}
  // Nothing was to be computed for a while.
  void BeQuiet() { writes_.Poll(false, absl::Now() - 2 * PutPace::kQuiet); }
};

TEST_F(YieldingWriteBehindTest, CallsWhereNothingIsComputed) {
  const auto lane = writes_.NewLane();
  Put(lane, 0, {a_});
  Put(writes_.NewLane(), 0, {b_});
  Put(lane, 1, {b_});
  EXPECT_TRUE(store_.calls.empty());
  EXPECT_EQ(writes_.num_free(), 1);
  EXPECT_EQ(writes_.next_poll(), absl::InfiniteFuture());
  const absl::Time now = absl::Now();
  writes_.Poll(false, now);
  EXPECT_TRUE(store_.calls.empty());
  EXPECT_EQ(writes_.next_poll(), now + PutPace::kQuiet);
  writes_.Poll(true, now);
  BeQuiet();
  for (const int first : {0, 0, 1}) {
    ASSERT_EQ(store_.calls.size(), 1);  // one at a time
    EXPECT_EQ(store_.calls[0].first, first);
    EXPECT_EQ(writes_.next_poll(), absl::InfiniteFuture());
    store_.Answer(PutResponse());
  }
  EXPECT_TRUE(store_.calls.empty());
  EXPECT_EQ(writes_.num_free(), 4);
}

TEST_F(YieldingWriteBehindTest, CallsForWhatPassesAndLoadsAllow) {
  Put(writes_.NewLane(), 0, {a_});
  Put(writes_.NewLane(), 0, {b_});
  writes_.PassComputed(absl::Seconds(1));
  writes_.Poll(true, absl::Now());
  ASSERT_EQ(store_.calls.size(), 1);
  absl::SleepFor(PutPace::kShare * absl::Seconds(1.5));
  store_.Answer(PutResponse());
  EXPECT_TRUE(store_.calls.empty());
  writes_.Saved(absl::Seconds(1));
  writes_.Poll(true, absl::Now());
  EXPECT_EQ(store_.calls.size(), 1);
}

TEST_F(YieldingWriteBehindTest, AfterAFailureOtherLanesGoOn) {
  const auto lane = writes_.NewLane();
  Put(lane, 0, {a_});
  Put(lane, 1, {b_});
  Put(writes_.NewLane(), 0, {b_});
  BeQuiet();
  store_.Answer(absl::UnavailableError("away"));
  ASSERT_EQ(store_.calls.size(), 1);
  EXPECT_EQ(store_.calls[0].first, 0);
  EXPECT_EQ(writes_.num_free(), 3);
}

TEST_F(YieldingWriteBehindTest, AtTheEndEverythingGoes) {
  Put(writes_.NewLane(), 0, {a_});
  Put(writes_.NewLane(), 0, {b_});
  writes_.WaitUntilIdle(absl::Milliseconds(1));
  EXPECT_EQ(store_.calls.size(), 2);
}

TEST_F(YieldingWriteBehindTest, WhatWaitsEndsWithIt) {
  SlowStore store;
  WriteBehind writes({.block_bytes = kBlockBytes,
                      .max_bytes = 4 * kBlockBytes,
                      .yields = true},
                     &store, &metrics_);
  const std::vector<const uint8_t*> block = {
      reinterpret_cast<const uint8_t*>(a_.data())};
  writes.Put(writes.NewLane(), chain_, 0, block);
  EXPECT_TRUE(store.calls.empty());
}

}  // namespace
}  // namespace tessera::verifier
