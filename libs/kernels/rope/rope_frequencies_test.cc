#include "libs/kernels/rope/rope_frequencies.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace tessera::kernels {
namespace {

// What transformers 5.23.0's modeling_rope_utils computes with head_dim 16;
// torch's pow and ours may differ in the last place.
void ExpectFrequencies(const RopeConfig& config, float attention_factor,
                       const std::vector<float>& want) {
  const absl::StatusOr<RopeFrequencies> rope = RopeFrequencies::Create(config);
  ASSERT_TRUE(rope.ok()) << rope.status();
  EXPECT_FLOAT_EQ(rope->attention_factor(), attention_factor);
  ASSERT_EQ(rope->inverse_frequencies().size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    EXPECT_NEAR(rope->inverse_frequencies()[i], want[i], 3e-7 * want[i]) << i;
  }
}

TEST(RopeFrequenciesTest, UnscaledAsTransformers) {
  ExpectFrequencies(
      {.theta = 100000, .rotary_dim = 16}, 1,
      {1, 0.237137362f, 0.0562341288f, 0.0133352149f, 0.00316227786f,
       0.000749894185f, 0.00017782794f, 4.21696532e-05f});
}

TEST(RopeFrequenciesTest, LinearAsTransformers) {
  ExpectFrequencies(
      {.theta = 10000,
       .rotary_dim = 16,
       .scaling = LinearRopeScaling{.factor = 4}},
      1,
      {0.25f, 0.079056941f, 0.0250000004f, 0.00790569466f, 0.00249999994f,
       0.000790569466f, 0.000250000012f, 7.90569466e-05f});
}

TEST(RopeFrequenciesTest, Llama3AsTransformers) {
  ExpectFrequencies(
      {.theta = 500000,
       .rotary_dim = 16,
       .scaling = Llama3RopeScaling{.factor = 32,
                                    .low_freq_factor = 1,
                                    .high_freq_factor = 4,
                                    .original_context = 8192}},
      1,
      {1, 0.193922758f, 0.0376060307f, 0.00729266508f, 0.000429556705f,
       8.57025589e-06f, 1.66196742e-06f, 3.22293289e-07f});
}

TEST(RopeFrequenciesTest, YarnAsTransformers) {
  ExpectFrequencies(
      {.theta = 1e6,
       .rotary_dim = 16,
       .scaling = YarnRopeScaling{.factor = 4, .original_context = 32768}},
      1.138629436f,
      {1, 0.177827939f, 0.0316227786f, 0.00421755994f, 0.000500000024f,
       4.44569851e-05f, 7.90569356e-06f, 1.40585337e-06f});
}

TEST(RopeFrequenciesTest, YarnWithTwoScalesAsTransformers) {
  ExpectFrequencies(
      {.theta = 10000,
       .rotary_dim = 16,
       .scaling = YarnRopeScaling{.factor = 40,
                                  .original_context = 4096,
                                  .mscale = 0.707f,
                                  .mscale_all_dim = 1.0f}},
      0.9210423553f,
      {1, 0.316227764f, 0.100000001f, 0.0239147246f, 0.00512499968f,
       0.000849862176f, 2.49999994e-05f, 7.90569447e-06f});
}

TEST(RopeFrequenciesTest, YarnWithoutTruncationAsTransformers) {
  ExpectFrequencies(
      {.theta = 150000,
       .rotary_dim = 16,
       .scaling =
           YarnRopeScaling{
               .factor = 32, .original_context = 4096, .truncate = false}},
      1.3465735903f,
      {1, 0.225418001f, 0.0508132726f, 0.00679495931f, 0.000456483918f,
       1.8188337e-05f, 4.09997847e-06f, 9.24208962e-07f});
}

TEST(RopeFrequenciesTest, ExplicitFactorsDivide) {
  ExpectFrequencies({.theta = 10000,
                     .rotary_dim = 4,
                     .scaling = ExplicitRopeScaling{.factors = {2, 8}}},
                    1, {0.5f, 0.00125f});
}

TEST(RopeFrequenciesTest, CosAndSinDependOnThePositionAlone) {
  const RopeFrequencies rope =
      *RopeFrequencies::Create({.theta = 10000, .rotary_dim = 6});
  const std::vector<int32_t> positions = {0, 5, 100000, 5, 7};
  std::vector<float> cos(15), sin(15);
  rope.ComputeCosSin(positions, cos.data(), sin.data());
  for (int t = 0; t < 5; ++t) {
    std::vector<float> alone_cos(3), alone_sin(3);
    rope.ComputeCosSin({positions[t]}, alone_cos.data(), alone_sin.data());
    for (int i = 0; i < 3; ++i) {
      const double angle = positions[t] * double{rope.inverse_frequencies()[i]};
      EXPECT_EQ(cos[3 * t + i], alone_cos[i]);
      EXPECT_EQ(sin[3 * t + i], alone_sin[i]);
      EXPECT_NEAR(cos[3 * t + i], std::cos(angle), 6e-8);
      EXPECT_NEAR(sin[3 * t + i], std::sin(angle), 6e-8);
    }
  }
}

TEST(RopeFrequenciesTest, YarnsFactorMultipliesCosAndSin) {
  const RopeFrequencies rope = *RopeFrequencies::Create(
      {.theta = 10000,
       .rotary_dim = 2,
       .scaling = YarnRopeScaling{.factor = 4, .attention_factor = 3.0f}});
  float cos, sin;
  rope.ComputeCosSin({0}, &cos, &sin);
  EXPECT_EQ(cos, 3);
  EXPECT_EQ(sin, 0);
}

TEST(RopeFrequenciesTest, RefusesWhatCannotBe) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const struct {
    RopeConfig config;
    std::string message;
  } cases[] = {
      {{.rotary_dim = 0}, "rotary_dim 0"},
      {{.rotary_dim = 7}, "rotary_dim 7"},
      {{.rotary_dim = int64_t{1} << 40}, "rotary_dim 1099511627776"},
      {{.theta = 0, .rotary_dim = 4}, "theta 0"},
      {{.theta = nan, .rotary_dim = 4}, "theta nan"},
      {{.theta = 1e-44f, .rotary_dim = 256}, "is not finite"},
      {{.rotary_dim = 4, .scaling = LinearRopeScaling{.factor = -1}},
       "linear factor -1"},
      {{.rotary_dim = 4, .scaling = Llama3RopeScaling{.high_freq_factor = 1}},
       "high_freq_factor less low_freq_factor 0"},
      {{.rotary_dim = 4, .scaling = YarnRopeScaling{.original_context = 0}},
       "YaRN original context 0"},
      {{.theta = 1, .rotary_dim = 4, .scaling = YarnRopeScaling{}},
       "YaRN theta less 1 0"},
      {{.rotary_dim = 4, .scaling = ExplicitRopeScaling{.factors = {1}}},
       "1 explicit factors: must be 2"},
      {{.rotary_dim = 4, .scaling = ExplicitRopeScaling{.factors = {1, 0}}},
       "explicit factor 1 0"},
  };
  for (const auto& [config, message] : cases) {
    const absl::Status status = RopeFrequencies::Create(config).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << message;
    EXPECT_NE(std::string(status.message()).find(message), std::string::npos)
        << status;
  }
}

}  // namespace
}  // namespace tessera::kernels
