#include "tools/cli/profile_report.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/model/model.h"
#include "libs/model/random_model.h"

namespace tessera::cli {
namespace {

using model::ForwardOp;
using ::testing::HasSubstr;

constexpr ProfileLimits kLimits = {.memory_bytes = 1e9,
                                   .int8_operations = 1e11,
                                   .tile_int8_operations = 1e11,
                                   .bf16_operations = 1e11,
                                   .f32_operations = 1e10};

class ProfileReportTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!device::HostCpuFeatures().avx2) GTEST_SKIP() << "no integer kernels";
    model::ModelOptions options;
    options.team = {
        .num_threads = 1, .pin = false, .kernels = device::KernelSet::kAvx2};
    model_ = *model::Model::Create(
        config_, model::RandomTensors(config_, DType::kQ8_0, 1).Lookup(),
        options);
  }

  OperationWork Work(ForwardOp op, const BenchTest& test, double passes) {
    return WorkOf(op, config_, model_->weights(), attention::KvDType::kBF16,
                  test, passes, kLimits);
  }

  const model::ModelConfig config_ = model::SmallConfig();
  std::unique_ptr<model::Model> model_;
};

TEST_F(ProfileReportTest, ATokenIsBoundByTheWeightsBytes) {
  const OperationWork work = Work(ForwardOp::kDown, {.num_generated = 10}, 10);
  const int64_t bytes = 2 * model_->weights().layers[0].down.num_bytes();
  EXPECT_EQ(work.kernel, "Q8 x int8");
  EXPECT_DOUBLE_EQ(work.num_bytes, bytes);
  EXPECT_DOUBLE_EQ(work.num_operations, 2.0 * 2 * 256 * 512);
  EXPECT_TRUE(work.is_memory_bound);
  EXPECT_DOUBLE_EQ(work.least_seconds, bytes / 1e9);
}

TEST_F(ProfileReportTest, APromptIsBoundByArithmeticOfTwoPlanesWhereInt12) {
  const OperationWork work =
      Work(ForwardOp::kQueryKeyValue, {.num_prompt = 512}, 1);
  EXPECT_EQ(work.kernel, "Q8 x int12");
  EXPECT_FALSE(work.is_memory_bound);
  EXPECT_DOUBLE_EQ(work.num_operations, 512 * 2.0 * 2 * 384 * 256);
  EXPECT_DOUBLE_EQ(work.least_seconds, work.num_operations / 0.5e11);
}

TEST_F(ProfileReportTest, AttentionCountsTheKeysThatEachTokenSees) {
  const OperationWork prompt =
      Work(ForwardOp::kAttention, {.num_prompt = 4, .depth = 10}, 1);
  // 11 + 12 + 13 + 14 keys, 2 layers, 8 heads of 32, twice a multiply-add.
  EXPECT_DOUBLE_EQ(prompt.num_operations, 50 * 2 * 8 * 32 * 4.0);
  // Keys and values of 14 tokens, 2 heads of 32 in 2 bytes, 2 layers.
  EXPECT_DOUBLE_EQ(prompt.num_bytes, 14 * 2 * 2 * 32 * 2 * 2.0);
  const OperationWork tokens =
      Work(ForwardOp::kAttention, {.num_generated = 4, .depth = 10}, 4);
  EXPECT_DOUBLE_EQ(tokens.num_operations, prompt.num_operations / 4);
  EXPECT_DOUBLE_EQ(tokens.num_bytes, 12.5 * 2 * 2 * 32 * 2 * 2.0);
}

TEST_F(ProfileReportTest, PrintsOperationsWithTheirLimitAndSumsOfLayerKinds) {
  model::ForwardProfile profile;
  profile.seconds.fill(0.5);
  profile.num_passes = 1;
  const std::string table =
      ProfileTable(profile, config_, model_->weights(),
                   attention::KvDType::kBF16, {.num_prompt = 64}, 1, kLimits);
  EXPECT_THAT(table, HasSubstr("Q8 x int12"));
  EXPECT_THAT(table, HasSubstr("bf16 cache"));
  EXPECT_THAT(table, HasSubstr("feed-forward         1500.000   33.3%"));
  EXPECT_THAT(table, HasSubstr("a pass               4500.000"));
}

TEST(ProbeLimitsTest, MeasuresRates) {
  const auto team =
      device::WorkerTeam::Create({.num_threads = 1, .pin = false});
  ASSERT_TRUE(team.ok()) << team.status();
  const auto limits = ProbeLimits(**team);
  ASSERT_TRUE(limits.ok()) << limits.status();
  EXPECT_GT(limits->memory_bytes, 0);
  EXPECT_GT(limits->int8_operations, 0);
  EXPECT_GT(limits->bf16_operations, 0);
  EXPECT_GT(limits->f32_operations, 0);
}

}  // namespace
}  // namespace tessera::cli
