#include "tools/cli/bench_report.h"

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace tessera::cli {
namespace {

const BenchSubject kSubject = {.model_file = "m.gguf",
                               .model_type = "llama 135M Q4_1",
                               .model_bytes = 3 << 20,
                               .num_parameters = 134'500'000,
                               .kernels = "avx512",
                               .kv_dtype = "bf16"};
const BenchResult kDeepDecode = {.num_generated = 100,
                                 .depth = 4096,
                                 .num_threads = 2,
                                 .samples_ns = {1'000'000'000, 500'000'000}};

TEST(BenchReportTest, StatisticsAreOfTheSample) {
  const Statistics statistics = ComputeStatistics({2, 4, 4, 6});
  EXPECT_DOUBLE_EQ(statistics.mean, 4);
  EXPECT_DOUBLE_EQ(statistics.stddev, std::sqrt(8.0 / 3));
  EXPECT_EQ(ComputeStatistics({7}).stddev, 0);
  EXPECT_EQ(ComputeStatistics({}).mean, 0);
}

TEST(BenchReportTest, RatesAreAveragedNotTimes) {
  EXPECT_EQ(TokensPerSecond(kDeepDecode), (std::vector<double>{100, 200}));
}

TEST(BenchReportTest, TheTableHasAColumnEach) {
  const std::string line = TableLine(kSubject, kDeepDecode);
  for (const char* words : {"llama 135M Q4_1", "3.00 MiB", "134.50 M",
                            "tg100 @ d4096", "150.00 ±  70.71"}) {
    EXPECT_NE(line.find(words), std::string::npos) << words << "\n" << line;
  }
  const std::string head = TableHead();
  EXPECT_EQ(std::count(line.begin(), line.end(), '|') * 2,
            std::count(head.begin(), head.end(), '|'));
}

TEST(BenchReportTest, JsonHasTheFieldsThatScriptsCompare) {
  const auto json =
      nlohmann::json::parse(ToJson(kSubject, {kDeepDecode}), nullptr, false);
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0]["n_prompt"], 0);
  EXPECT_EQ(json[0]["n_gen"], 100);
  EXPECT_EQ(json[0]["n_depth"], 4096);
  EXPECT_EQ(json[0]["avg_ts"], 150.0);
  EXPECT_NEAR(json[0]["stddev_ts"].get<double>(), 70.71, 0.01);
  EXPECT_EQ(json[0]["avg_ns"], 750'000'000);
}

TEST(BenchReportTest, AFileNameOfAnyBytesIsStillJson) {
  BenchSubject subject = kSubject;
  subject.model_file = "\xff.gguf";
  EXPECT_FALSE(
      nlohmann::json::parse(ToJson(subject, {kDeepDecode}), nullptr, false)
          .is_discarded());
}

}  // namespace
}  // namespace tessera::cli
