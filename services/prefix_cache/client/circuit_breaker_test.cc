#include "services/prefix_cache/client/circuit_breaker.h"

#include "gtest/gtest.h"

namespace tessera::prefix_cache {
namespace {

using State = CircuitBreaker::State;

class CircuitBreakerTest : public testing::Test {
 protected:
  void Fail(int times) {
    for (int i = 0; i < times; ++i) {
      ASSERT_TRUE(breaker_.Allow());
      breaker_.Failed();
    }
  }
  absl::Time now_ = absl::UnixEpoch();
  CircuitBreaker breaker_{{.failures_to_open = 3,
                           .min_open_time = absl::Seconds(1),
                           .max_open_time = absl::Seconds(3),
                           .now = [this] { return now_; }}};
};

TEST_F(CircuitBreakerTest, OpensAfterFailuresInARow) {
  Fail(2);
  EXPECT_TRUE(breaker_.Allow());
  breaker_.Succeeded();
  Fail(2);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  Fail(1);
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_FALSE(breaker_.Allow());
}

TEST_F(CircuitBreakerTest, LetsOneCallThroughAfterAWhile) {
  Fail(3);
  now_ += absl::Seconds(1);
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  EXPECT_TRUE(breaker_.Allow());
  EXPECT_FALSE(breaker_.Allow());
  breaker_.Succeeded();
  EXPECT_EQ(breaker_.state(), State::kClosed);
  EXPECT_TRUE(breaker_.Allow() && breaker_.Allow());
}

TEST_F(CircuitBreakerTest, StaysOpenTwiceAsLongAfterAFailedCallUpToAMaximum) {
  Fail(3);
  now_ += absl::Seconds(1);
  for (const int seconds : {2, 3, 3}) {
    Fail(1);
    now_ += absl::Seconds(seconds) - absl::Milliseconds(1);
    EXPECT_FALSE(breaker_.Allow()) << seconds;
    now_ += absl::Milliseconds(1);
  }
  EXPECT_TRUE(breaker_.Allow());
  breaker_.Succeeded();
  Fail(3);
  now_ += absl::Seconds(1);  // from the beginning
  EXPECT_TRUE(breaker_.Allow());
}

TEST_F(CircuitBreakerTest, AnAbandonedCallLeavesTheWayToTheNext) {
  Fail(3);
  now_ += absl::Seconds(1);
  EXPECT_TRUE(breaker_.Allow());
  breaker_.Abandoned();
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  EXPECT_TRUE(breaker_.Allow());
}

TEST_F(CircuitBreakerTest, SaysOnceThatItOpensAndThatItCloses) {
  EXPECT_TRUE(breaker_.Allow());
  EXPECT_FALSE(breaker_.Succeeded());
  Fail(2);
  EXPECT_TRUE(breaker_.Allow() && breaker_.Allow());
  EXPECT_TRUE(breaker_.Failed());
  EXPECT_FALSE(breaker_.Failed());
  now_ += absl::Seconds(1);
  EXPECT_TRUE(breaker_.Allow());
  EXPECT_FALSE(breaker_.Failed());
  now_ += absl::Seconds(2);
  EXPECT_TRUE(breaker_.Allow());
  EXPECT_TRUE(breaker_.Succeeded());
  EXPECT_FALSE(breaker_.Succeeded());
}

TEST_F(CircuitBreakerTest, CallsFromBeforeItOpenedChangeNothing) {
  EXPECT_TRUE(breaker_.Allow() && breaker_.Allow());
  Fail(3);
  breaker_.Succeeded();
  EXPECT_EQ(breaker_.state(), State::kOpen);
  breaker_.Failed();
  now_ += absl::Seconds(1);
  EXPECT_TRUE(breaker_.Allow());
}

}  // namespace
}  // namespace tessera::prefix_cache
