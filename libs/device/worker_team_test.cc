#include "libs/device/worker_team.h"

#include <atomic>
#include <memory>
#include <vector>

#include "gtest/gtest.h"

namespace tessera::device {
namespace {

std::unique_ptr<WorkerTeam> Team(int num_threads) {
  WorkerTeamOptions options;
  options.num_threads = num_threads;
  return *WorkerTeam::Create(options);
}

TEST(WorkerTeamTest, SharesCoverEverythingOnce) {
  for (const int threads : {1, 2, 3, 5}) {
    const auto team = Team(threads);
    for (const int64_t granule : {1, 16}) {
      for (const int64_t items : {0, 1, 15, 16, 17, 960, 1000}) {
        std::vector<int> counts(items, 0);
        team->Run([&](Worker& worker) {
          const Range share = worker.Share(items, granule);
          EXPECT_EQ(share.begin % granule == 0 || share.begin == items, true);
          for (int64_t i = share.begin; i < share.end; ++i) ++counts[i];
        });
        EXPECT_EQ(counts, std::vector<int>(items, 1));
      }
    }
  }
}

TEST(WorkerTeamTest, BarrierPublishesWhatCameBefore) {
  const auto team = Team(3);
  std::vector<int64_t> slots(3, 0);
  std::atomic<int> wrong{0};
  team->Run([&](Worker& worker) {
    for (int64_t round = 1; round <= 2000; ++round) {
      slots[worker.rank()] = round;
      worker.Barrier();
      for (const int64_t slot : slots) wrong += slot != round;
      worker.Barrier();
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST(WorkerTeamTest, ForEachVisitsEachItemOnceLoopAfterLoop) {
  for (const int threads : {1, 2, 4}) {
    const auto team = Team(threads);
    for (int run = 0; run < 20; ++run) {
      std::vector<std::atomic<int>> counts(37);
      team->Run([&](Worker& worker) {
        for (int loop = 0; loop < 7; ++loop) {
          worker.ForEach(37, [&](int64_t i) { ++counts[i]; });
        }
      });
      for (const auto& count : counts) EXPECT_EQ(count, 7);
    }
  }
}

TEST(WorkerTeamTest, MoreThreadsThanCoresStillFinishes) {
  const auto team = Team(4 * NumAvailableCores());
  std::atomic<int> sum{0};
  for (int run = 0; run < 50; ++run) {
    team->Run([&](Worker& worker) {
      worker.Barrier();
      ++sum;
      worker.Barrier();
    });
  }
  EXPECT_EQ(sum, 50 * team->size());
}

TEST(WorkerTeamTest, RefusesAbsurdSizes) {
  WorkerTeamOptions options;
  options.num_threads = -1;
  EXPECT_EQ(WorkerTeam::Create(options).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tessera::device
