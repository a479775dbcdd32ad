#include "libs/metrics/metrics.h"

#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tessera::metrics {
namespace {

bool HasLine(absl::string_view exposition, absl::string_view line) {
  return absl::StrContains(absl::StrCat("\n", exposition),
                           absl::StrCat("\n", line, "\n"));
}

TEST(MetricsTest, ACounterIsExposedWithHelpTypeAndLabels) {
  Registry registry(Labels{{"model_name", "m"}});
  registry.AddCounter("a_total", "What it counts.", {{"reason", "stop"}})
      .Add(2.5);
  const std::string text = registry.Exposition();
  EXPECT_TRUE(HasLine(text, "# HELP a_total What it counts.")) << text;
  EXPECT_TRUE(HasLine(text, "# TYPE a_total counter")) << text;
  EXPECT_TRUE(HasLine(text, "a_total{model_name=\"m\",reason=\"stop\"} 2.5"))
      << text;
}

TEST(MetricsTest, TheSameNameAndLabelsAreTheSameMetric) {
  Registry registry;
  Counter& first = registry.AddCounter("a_total", "A.", {{"k", "1"}});
  Counter& same = registry.AddCounter("a_total", "A.", {{"k", "1"}});
  Counter& other = registry.AddCounter("a_total", "A.", {{"k", "2"}});
  EXPECT_EQ(&first, &same);
  EXPECT_NE(&first, &other);
  first.Add();
  same.Add();
  const std::string text = registry.Exposition();
  EXPECT_TRUE(HasLine(text, "a_total{k=\"1\"} 2")) << text;
  EXPECT_TRUE(HasLine(text, "a_total{k=\"2\"} 0")) << text;
}

TEST(MetricsTest, AHistogramCountsUpToEachBound) {
  Registry registry;
  const double bounds[] = {0.1, 1};
  Histogram& histogram = registry.AddHistogram("s_seconds", "S.", bounds);
  for (double value : {0.05, 0.1, 0.5, 3.0}) histogram.Observe(value);
  const std::string text = registry.Exposition();
  EXPECT_TRUE(HasLine(text, "s_seconds_bucket{le=\"0.1\"} 2")) << text;
  EXPECT_TRUE(HasLine(text, "s_seconds_bucket{le=\"1\"} 3")) << text;
  EXPECT_TRUE(HasLine(text, "s_seconds_bucket{le=\"+Inf\"} 4")) << text;
  EXPECT_TRUE(HasLine(text, "s_seconds_count 4")) << text;
  EXPECT_TRUE(HasLine(text, "s_seconds_sum 3.65")) << text;
}

TEST(MetricsTest, GaugesAreSetWhenCollected) {
  Registry registry;
  Gauge& gauge = registry.AddGauge("g", "G.");
  int value = 6;
  registry.OnCollect([&] { gauge.Set(++value); });
  EXPECT_TRUE(HasLine(registry.Exposition(), "g 7"));
  EXPECT_TRUE(HasLine(registry.Exposition(), "g 8"));
}

TEST(MetricsTest, LabelValuesAreEscaped) {
  Registry registry(Labels{{"model_name", "a\"b\\c\nd"}});
  registry.AddGauge("g", "G.").Set(1);
  EXPECT_TRUE(
      HasLine(registry.Exposition(), "g{model_name=\"a\\\"b\\\\c\\nd\"} 1"));
}

TEST(MetricsTest, NoIncrementOfConcurrentThreadsIsLost) {
  Registry registry;
  const double bounds[] = {1};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      Counter& counter = registry.AddCounter("a_total", "A.");
      Histogram& histogram = registry.AddHistogram("h", "H.", bounds);
      for (int i = 0; i < 10000; ++i) {
        counter.Add();
        histogram.Observe(1);
        if (i % 1000 == 0) (void)registry.Exposition();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string text = registry.Exposition();
  EXPECT_TRUE(HasLine(text, "a_total 40000")) << text;
  EXPECT_TRUE(HasLine(text, "h_sum 40000")) << text;
}

TEST(MetricsTest, ProcessMetricsBearTheNamesThatDashboardsKnow) {
  Registry registry;
  registry.AddProcessMetrics("1.2.3");
  const std::string text = registry.Exposition();
  EXPECT_TRUE(HasLine(text, "tessera_build_info{version=\"1.2.3\"} 1")) << text;
  for (absl::string_view name :
       {"process_cpu_seconds_total", "process_resident_memory_bytes",
        "process_virtual_memory_bytes", "process_open_fds", "process_max_fds",
        "process_start_time_seconds"}) {
    EXPECT_TRUE(absl::StrContains(text, absl::StrCat("\n", name, " ")))
        << name << "\n"
        << text;
  }
  EXPECT_FALSE(HasLine(text, "process_resident_memory_bytes 0"));
}

TEST(MetricsTest, BucketsRise) {
  for (absl::Span<const double> buckets :
       {TimeToFirstTokenBuckets(), InterTokenBuckets(),
        RequestLatencyBuckets()}) {
    for (size_t i = 1; i < buckets.size(); ++i) {
      EXPECT_LT(buckets[i - 1], buckets[i]);
    }
  }
  EXPECT_EQ(TimeToFirstTokenBuckets().size(), 22);
  EXPECT_EQ(InterTokenBuckets().size(), 18);
  EXPECT_EQ(RequestLatencyBuckets().size(), 17);
}

}  // namespace
}  // namespace tessera::metrics
