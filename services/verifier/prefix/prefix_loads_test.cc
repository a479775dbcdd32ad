// How long sequences are held for a store, and what they find afterwards.
#include "services/verifier/prefix/prefix_loads.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/kv_cache/prefix_hash.h"
#include "services/verifier/testing/fake_store.h"

namespace tessera::verifier {
namespace {

using Answered = FakeStore::Answer;
using scheduling::SequenceId;

constexpr int kBlockTokens = 4;
constexpr int kNumBlocks = 8;  // whole ones of a prompt
constexpr absl::Duration kTokenTime = absl::Milliseconds(10);

class PrefixLoadsTest : public testing::Test {
 protected:
  PrefixLoadsTest() { store_.set_behavior({.get = Answered::kStall}); }
  ~PrefixLoadsTest() override {
    loads_.Stop();
    for (const SequenceId id : ids_) scheduler_->Remove(id);
    scheduler_->ClearCache();
    scheduler_.reset();
  }

  // A prompt of the blocks and one token more.
  SequenceId Add(int first_token = 0) {
    scheduling::SequenceSpec spec;
    for (int i = 0; i <= kNumBlocks * kBlockTokens; ++i) {
      spec.tokens.push_back(first_token + i);
    }
    ids_.push_back(*scheduler_->Add(spec, now_));
    chain_ = std::make_shared<prefix_cache::Chain>();
    chain_->root = hasher_.root();
    chain_->block_tokens = kBlockTokens;
    chain_->payload_bytes = pool_->geometry().block_bytes();
    chain_->tokens.assign(spec.tokens.begin(), spec.tokens.end() - 1);
    chain_->hashes = hasher_.Chain(hasher_.root(), chain_->tokens);
    return ids_.back();
  }
  void PutAll() {
    auto bytes = std::make_shared<std::vector<uint8_t>>(
        pool_->geometry().block_bytes(), 7);
    store_.Put(
        chain_, 0,
        std::vector<prefix_cache::PutPayload>(kNumBlocks, {*bytes, bytes}),
        absl::InfiniteFuture(), [](const auto&) {});
  }
  // As the engine does on arrival.
  SequenceId Arrive(int first_token = 0) {
    const SequenceId id = Add(first_token);
    loads_.Asked(id, chain_, now_);
    return id;
  }
  void Match(SequenceId id) {
    store_.Match(*chain_, absl::InfiniteFuture(),
                 [&](const auto& matched) { loads_.Answered(id, matched); });
  }
  // The tokens that the next pass computes, of all sequences.
  int64_t Pass(absl::Duration after, int64_t budget = 1000) {
    now_ += after;
    loads_.Poll(now_);
    int64_t num_tokens = 0;
    for (const auto& chunk : scheduler_->Schedule(now_, budget)) {
      num_tokens += chunk.tokens.size();
    }
    scheduler_->Commit();
    return num_tokens;
  }
  int64_t NumCached(SequenceId id) {
    return scheduler_->progress(id).num_cached;
  }

  FakeStore store_;
  metrics::Registry registry_;
  PrefixStoreMetrics metrics_{&registry_, "model"};
  kv_cache::PrefixHasher hasher_{"key", {.block_tokens = kBlockTokens}};
  LoadCosts costs_{kBlockTokens, kTokenTime};
  std::unique_ptr<kv_cache::BlockPool> pool_ = *kv_cache::BlockPool::Create(
      {.block_tokens = kBlockTokens, .num_layers = 2, .layer_bytes = 64}, 64);
  std::unique_ptr<scheduling::Scheduler> scheduler_ =
      *scheduling::Scheduler::Create({.max_pass_tokens = 8, .max_context = 200},
                                     pool_.get());
  PrefixLoads loads_{{.client = &store_,
                      .scheduler = scheduler_.get(),
                      .pool = pool_.get(),
                      .mailbox = std::make_shared<StoreMailbox>([] {}),
                      .metrics = &metrics_,
                      .costs = &costs_}};
  std::shared_ptr<prefix_cache::Chain> chain_;
  std::vector<SequenceId> ids_;
  absl::Time now_ = absl::Now();
};

TEST_F(PrefixLoadsTest, IsHeldUntilAllCameAndFindsIt) {
  const SequenceId id = Arrive();
  PutAll();
  Match(id);
  EXPECT_EQ(Pass(absl::ZeroDuration()), 0);
  EXPECT_LT(loads_.next_poll(), absl::InfiniteFuture());
  store_.Resume();
  EXPECT_EQ(Pass(absl::Milliseconds(1)), 1);
  EXPECT_EQ(NumCached(id), kNumBlocks * kBlockTokens);
  const auto loaded = loads_.TakeLoaded();
  ASSERT_EQ(loaded.size(), 1);
  EXPECT_EQ(loaded[0].second.num_blocks, kNumBlocks);
  EXPECT_EQ(loads_.next_poll(), absl::InfiniteFuture());
}

TEST_F(PrefixLoadsTest, AMissIsComputedAtOnce) {
  const SequenceId id = Arrive();
  Match(id);
  EXPECT_EQ(Pass(absl::ZeroDuration()), 8);
  EXPECT_EQ(NumCached(id), 0);
}

TEST_F(PrefixLoadsTest, AnAnswerIsNotWaitedForLong) {
  Arrive();
  EXPECT_EQ(Pass(absl::ZeroDuration()), 0);
  EXPECT_EQ(Pass(absl::Milliseconds(60)), 8);
}

TEST_F(PrefixLoadsTest, OthersAreAdmittedMeanwhile) {
  Arrive();
  Pass(absl::ZeroDuration());
  Add(500);
  EXPECT_EQ(Pass(absl::ZeroDuration()), 8);
  EXPECT_EQ(scheduler_->progress(ids_[0]).num_computed, 0);
  EXPECT_EQ(scheduler_->progress(ids_[1]).num_computed, 8);
}

TEST_F(PrefixLoadsTest, WhenBlocksStopComingWhatCameIsUsedAndComputingGoesOn) {
  const SequenceId id = Arrive();
  PutAll();
  Match(id);
  Pass(absl::ZeroDuration());
  // Four blocks take 160 ms to compute: nobody waits longer for the next one.
  EXPECT_EQ(Pass(absl::Milliseconds(100)), 0);
  EXPECT_EQ(Pass(absl::Milliseconds(100)), 8);
  EXPECT_EQ(NumCached(id), 2 * kBlockTokens);
  EXPECT_EQ(scheduler_->progress(id).num_computed, 4 * kBlockTokens);
}

TEST_F(PrefixLoadsTest, BlocksAheadOfWhatIsComputedAreStillTaken) {
  const SequenceId id = Arrive();
  PutAll();
  Match(id);
  Pass(absl::ZeroDuration());
  // One block is computed: the load is as far.
  EXPECT_EQ(Pass(absl::Milliseconds(200), kBlockTokens), kBlockTokens);
  store_.Resume();
  EXPECT_EQ(Pass(absl::Milliseconds(1)), 1);
  EXPECT_EQ(NumCached(id), (kNumBlocks - 1) * kBlockTokens);
}

TEST_F(PrefixLoadsTest, ALoadThatIsOvertakenIsDropped) {
  const SequenceId id = Arrive();
  PutAll();
  Match(id);
  Pass(absl::ZeroDuration());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Pass(absl::Milliseconds(200)), 8);
  store_.Resume();
  Pass(absl::Milliseconds(1));
  EXPECT_EQ(NumCached(id), 2 * kBlockTokens);
}

TEST_F(PrefixLoadsTest, EqualPromptsAreLoadedOnce) {
  const SequenceId first = Arrive();
  PutAll();
  Match(first);
  const SequenceId second = Arrive();
  Match(second);
  EXPECT_EQ(Pass(absl::ZeroDuration()), 0);
  EXPECT_EQ(store_.num_gets(), 1);
  store_.Resume();
  EXPECT_EQ(Pass(absl::Milliseconds(1)), 2);
  EXPECT_EQ(NumCached(second), kNumBlocks * kBlockTokens);
  EXPECT_EQ(store_.num_gets(), 1);
}

TEST_F(PrefixLoadsTest, WhatTheTreeHasIsNotLoaded) {
  const SequenceId first = Add();
  PutAll();
  for (int i = 0; i < 5; ++i) Pass(absl::ZeroDuration());
  ASSERT_EQ(scheduler_->progress(first).num_computed,
            kNumBlocks * kBlockTokens + 1);
  const SequenceId second = Arrive();
  Match(second);
  EXPECT_EQ(Pass(absl::ZeroDuration()), 1);
  EXPECT_EQ(store_.num_gets(), 0);
}

TEST_F(PrefixLoadsTest, ASlowStoreIsNotAsked) {
  costs_.Loaded({.num_in_memory = 1}, absl::Seconds(1));
  const SequenceId id = Arrive();
  PutAll();
  Match(id);
  EXPECT_EQ(Pass(absl::ZeroDuration()), 8);
  EXPECT_EQ(store_.num_gets(), 0);
}

TEST_F(PrefixLoadsTest, AStoreThatStallsIsNotWaitedForAgainAtOnce) {
  store_.set_behavior({.get = Answered::kNothing});
  const SequenceId first = Arrive();
  PutAll();
  Match(first);
  EXPECT_EQ(Pass(absl::ZeroDuration()), 0);
  for (int i = 0; i < 6; ++i) Pass(absl::Milliseconds(200));
  ASSERT_EQ(scheduler_->progress(first).num_computed,
            kNumBlocks * kBlockTokens + 1);
  const SequenceId second = Arrive(500);
  PutAll();
  Match(second);
  EXPECT_EQ(Pass(absl::ZeroDuration()), 8);
  EXPECT_EQ(store_.num_gets(), 1);
}

TEST_F(PrefixLoadsTest, ACancelledSequenceGivesItsBlocksBack) {
  const SequenceId id = Arrive();
  PutAll();
  Match(id);
  Pass(absl::ZeroDuration());
  EXPECT_EQ(scheduler_->stats().num_blocks_in_use, kNumBlocks);
  loads_.Forget(id);
  scheduler_->Remove(id);
  ids_.clear();
  EXPECT_EQ(scheduler_->stats().num_blocks_in_use, 0);
  store_.Resume();
  EXPECT_EQ(Pass(absl::Milliseconds(1)), 0);
}

}  // namespace
}  // namespace tessera::verifier
