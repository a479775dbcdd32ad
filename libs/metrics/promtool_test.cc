// What Prometheus' own checker says of an exposition with every kind in it.
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/metrics/metrics.h"

namespace tessera::metrics {
namespace {

struct Verdict {
  int exit_status = 0;
  std::string output;
};

Verdict Check(const std::string& exposition) {
  const std::string path = absl::StrCat(testing::TempDir(), "/exposition");
  std::ofstream(path) << exposition;
  FILE* pipe = ::popen(
      absl::StrCat("promtool check metrics 2>&1 < '", path, "'").c_str(), "r");
  Verdict verdict;
  for (int c; (c = std::fgetc(pipe)) != EOF;) verdict.output.push_back(c);
  verdict.exit_status = WEXITSTATUS(::pclose(pipe));
  return verdict;
}

class PromtoolTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v promtool >/dev/null") != 0) {
      GTEST_SKIP() << "promtool (Debian package prometheus) is not installed";
    }
  }
};

TEST_F(PromtoolTest, FindsNothingInEveryKindOfMetric) {
  Registry registry(Labels{{"model_name", "quoted \"name\""}});
  registry.AddCounter("tessera_generation_tokens_total", "Tokens generated.")
      .Add(3);
  registry
      .AddCounter("tessera_request_success_total", "Finished requests.",
                  {{"finished_reason", "stop"}})
      .Add();
  registry.AddGauge("tessera_kv_cache_usage_perc", "Blocks in use, 0 to 1.")
      .Set(0.5);
  registry
      .AddHistogram("tessera_time_to_first_token_seconds",
                    "From a request's arrival to its first token.",
                    TimeToFirstTokenBuckets())
      .Observe(0.02);
  registry
      .AddHistogram("tessera_inter_token_latency_seconds", "Between tokens.",
                    InterTokenBuckets())
      .Observe(0.02);
  registry
      .AddHistogram("tessera_e2e_request_latency_seconds", "Whole requests.",
                    RequestLatencyBuckets())
      .Observe(0.02);
  registry.AddProcessMetrics("1.0");
  const Verdict verdict = Check(registry.Exposition());
  EXPECT_EQ(verdict.exit_status, 0);
  EXPECT_EQ(verdict.output, "");
}

// Or the test above could not fail.
TEST_F(PromtoolTest, FindsACounterWithoutTotal) {
  Registry registry;
  registry.AddCounter("tessera_tokens", "Tokens.");
  EXPECT_NE(Check(registry.Exposition()).exit_status, 0);
}

}  // namespace
}  // namespace tessera::metrics
