#include "services/verifier/drafting/drafter.h"

#include <algorithm>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/kv_cache/block_pool.h"

namespace tessera::verifier {
namespace {

using testing::Each;
using Tokens = std::vector<int32_t>;

constexpr int32_t kComma = 50;  // other tokens are words

// Answers one after another, with the same prompt and prediction.
class DrafterTest : public testing::Test {
 protected:
  DrafterTest()
      : drafter_(
            {.speculation = SpeculationMode::kLookup},
            {100, [](int32_t token) { return token == kComma ? "," : " a"; }},
            /*model=*/nullptr) {
    for (int round = 0; round < 4; ++round) {
      for (int n = 1; n <= 16; ++n) {
        Pass(n);
      }
    }
  }

  void Pass(int num_tokens) {
    drafter_.PassComputed(1, num_tokens,
                          absl::Milliseconds(1 + 0.01 * num_tokens));
  }

  // The draft for an answer that has begun so, of which that much is kept with
  // which `right` begins.
  Tokens Draft(const Tokens& begun, const Tokens& prediction,
               const Tokens& right) {
    const absl::Time now = absl::UnixEpoch();
    const scheduling::SequenceId id = *scheduler_->Add({.tokens = {1}}, now);
    drafter_.Begin(id, {1}, prediction);
    for (const int32_t token : begun) {
      scheduler_->Schedule(now, 512);
      scheduler_->Commit();
      scheduler_->Append(id, token);
      drafter_.Append(id, token);
    }
    drafter_.Draft({{.id = id, .max_tokens = 8}}, 0, scheduler_.get());
    const scheduling::Chunk chunk = scheduler_->Schedule(now, 512)[0];
    const absl::Span<const int32_t> drafted = chunk.tokens.subspan(1);
    const Tokens draft(drafted.begin(), drafted.end());
    scheduler_->Commit();
    if (!draft.empty()) {
      const auto end =
          std::mismatch(draft.begin(), draft.end(), right.begin(), right.end());
      drafter_.Verified(id, draft.size(), end.first - draft.begin());
    }
    Pass(1 + draft.size());
    drafter_.End(id);
    scheduler_->Remove(id);
    return draft;
  }

  // What a dozen drafts behind a replaced word begin with.
  Tokens FirstDrafts(const Tokens& right) {
    Tokens firsts;
    for (int i = 0; i < 12; ++i) {
      const Tokens draft =
          Draft({10, 20}, {10, 11, kComma, 12, 13, 14, 15, 16, 17}, right);
      // Now and then there is none, to see what a plain pass takes.
      if (!draft.empty()) firsts.push_back(draft[0]);
    }
    EXPECT_GT(firsts.size(), 6);
    return firsts;
  }

  std::unique_ptr<kv_cache::BlockPool> pool_ = *kv_cache::BlockPool::Create(
      {.block_tokens = 32, .num_layers = 1, .layer_bytes = 64}, 4);
  std::unique_ptr<scheduling::Scheduler> scheduler_ =
      *scheduling::Scheduler::Create({.max_context = 64}, pool_.get());
  Drafter drafter_;
};

TEST_F(DrafterTest, MarksBehindReplacedWordsStayWhereTheyDidBefore) {
  EXPECT_THAT(FirstDrafts({kComma, 12, 13, 14, 15, 16, 17}), Each(kComma));
}

TEST_F(DrafterTest, LearnsThatMarksWentWithReplacedWords) {
  const Tokens right = {12, 13, 14, 15, 16, 17, 18};
  FirstDrafts(right);
  EXPECT_THAT(FirstDrafts(right), Each(12));
}

}  // namespace
}  // namespace tessera::verifier
