#include "libs/monitoring/metrics_listener.h"

#include <atomic>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/http/test_client.h"

namespace tessera::monitoring {
namespace {

class MetricsListenerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto listener = StartMetricsListener("127.0.0.1", 0, &registry_,
                                         [this] { return is_ready_.load(); });
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
  }

  http::TestResponse Ask(absl::string_view method, absl::string_view path) {
    http::TestClient client(listener_->port());
    client.Send(
        absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: h\r\n\r\n"));
    return client.Receive(method == "HEAD");
  }

  metrics::Registry registry_;
  std::atomic<bool> is_ready_{false};
  std::unique_ptr<http::Server> listener_;
};

TEST_F(MetricsListenerTest, ServesTheExposition) {
  registry_.AddCounter("a_total", "A.").Add(3);
  const http::TestResponse response = Ask("GET", "/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.HasLine(
      "Content-Type: text/plain; version=0.0.4; charset=utf-8"));
  EXPECT_TRUE(absl::StrContains(response.body, "\na_total 3\n"));
}

TEST_F(MetricsListenerTest, HealthFollowsReadiness) {
  EXPECT_EQ(Ask("GET", "/health").status, 503);
  is_ready_ = true;
  EXPECT_EQ(Ask("GET", "/health").status, 200);
  EXPECT_EQ(Ask("HEAD", "/health").status, 200);
  is_ready_ = false;
  EXPECT_EQ(Ask("GET", "/health").status, 503);
}

TEST_F(MetricsListenerTest, RefusesTheRest) {
  EXPECT_EQ(Ask("GET", "/").status, 404);
  EXPECT_EQ(Ask("GET", "/metrics/").status, 404);
  const http::TestResponse response = Ask("DELETE", "/metrics");
  EXPECT_EQ(response.status, 405);
  EXPECT_TRUE(response.HasLine("Allow: GET, HEAD"));
}

TEST_F(MetricsListenerTest, ATakenPortIsAnError) {
  const auto second = StartMetricsListener("127.0.0.1", listener_->port(),
                                           &registry_, [] { return true; });
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tessera::monitoring
