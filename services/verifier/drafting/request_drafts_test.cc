#include "services/verifier/drafting/request_drafts.h"

#include <map>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "libs/kv_cache/block_pool.h"
#include "libs/metrics/metrics.h"

namespace tessera::verifier {
namespace {

class RehearsalTest : public testing::Test {
 protected:
  // How many passes of each number of tokens there were.
  std::map<int, int> Rehearse(SpeculationMode mode,
                              absl::FunctionRef<absl::Status(int)> pass) {
    VerifierOptions options;
    options.speculation = mode;
    RequestDrafts drafts(options, nullptr, 100, nullptr, scheduler_.get(),
                         &metrics_);
    std::map<int, int> counts;
    drafts.Rehearse([&](int num_tokens) {
      ++counts[num_tokens];
      return pass(num_tokens);
    });
    return counts;
  }

  static absl::Status Quick(int) { return absl::OkStatus(); }

  metrics::Registry registry_;
  DraftMetrics metrics_{&registry_, "model"};
  std::unique_ptr<kv_cache::BlockPool> pool_ = *kv_cache::BlockPool::Create(
      {.block_tokens = 32, .num_layers = 1, .layer_bytes = 64}, 4);
  std::unique_ptr<scheduling::Scheduler> scheduler_ =
      *scheduling::Scheduler::Create({.max_context = 64}, pool_.get());
};

TEST_F(RehearsalTest, EverySizeOfADraftedPassSeveralTimes) {
  const std::map<int, int> counts = Rehearse(SpeculationMode::kAuto, Quick);
  EXPECT_EQ(counts.begin()->first, 1);
  EXPECT_EQ(counts.rbegin()->first, 16);
  for (const auto& [num_tokens, count] : counts) EXPECT_GE(count, 3);
}

TEST_F(RehearsalTest, NoneWithoutDrafts) {
  EXPECT_TRUE(Rehearse(SpeculationMode::kOff, Quick).empty());
}

TEST_F(RehearsalTest, EndsWithAPassThatFails) {
  const std::map<int, int> counts = Rehearse(
      SpeculationMode::kAuto, [](int) { return absl::InternalError("no"); });
  ASSERT_EQ(counts.size(), 1);
  EXPECT_EQ(counts.begin()->second, 1);
}

TEST_F(RehearsalTest, ALargeModelIsNotKeptFromItsRequests) {
  const std::map<int, int> counts = Rehearse(SpeculationMode::kAuto, [](int) {
    absl::SleepFor(absl::Milliseconds(250));
    return absl::OkStatus();
  });
  ASSERT_EQ(counts.size(), 1);
  EXPECT_EQ(counts.begin()->second, 1);
}

}  // namespace
}  // namespace tessera::verifier
