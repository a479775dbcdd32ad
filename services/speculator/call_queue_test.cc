#include "services/speculator/call_queue.h"

#include <future>
#include <memory>
#include <vector>

#include "gtest/gtest.h"

namespace tessera::speculator {
namespace {

TEST(CallQueueTest, RunsCallsInOrderAndAllBeforeItEnds) {
  std::vector<int> ran;
  {
    CallQueue queue(100);
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(queue.Run([&ran, i] { ran.push_back(i); }));
    }
  }
  ASSERT_EQ(ran.size(), 100);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ran[i], i);
}

TEST(CallQueueTest, RefusesMoreThanMayWait) {
  std::promise<void> has_begun;
  std::promise<void> may_end;
  int num_ran = 0;
  {
    CallQueue queue(2);
    ASSERT_TRUE(queue.Run([&] {
      has_begun.set_value();
      may_end.get_future().wait();
    }));
    has_begun.get_future().wait();
    EXPECT_TRUE(queue.Run([&] { ++num_ran; }));
    EXPECT_TRUE(queue.Run([&] { ++num_ran; }));
    EXPECT_FALSE(queue.Run([&] { ++num_ran; }));
    may_end.set_value();
  }
  EXPECT_EQ(num_ran, 2);
}

}  // namespace
}  // namespace tessera::speculator
