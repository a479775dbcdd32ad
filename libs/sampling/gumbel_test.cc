#include "libs/sampling/gumbel.h"

#include <cmath>
#include <random>

#include "gtest/gtest.h"

namespace tessera::sampling {
namespace {

TEST(PhiloxTest, GivesThePublishedKnownAnswers) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const uint32_t ones = 0xffffffff;
  EXPECT_EQ(Philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                       {0xa4093822, 0x299f31d0}),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(NoiseTest, DependsOnSeedPositionAndToken) {
  const uint32_t word = NoiseWord(1, 2, 3);
  EXPECT_EQ(word, NoiseWord(1, 2, 3));
  EXPECT_NE(word, NoiseWord(1 + (uint64_t{1} << 32), 2, 3));
  EXPECT_NE(word, NoiseWord(1, 2 + (uint64_t{1} << 32), 3));
  EXPECT_NE(word, NoiseWord(1, 2, 3 + 16));
  EXPECT_NE(word, NoiseWord(1, 2, 3 + 128));
  EXPECT_EQ(word >> 16, NoiseWordHigh(1, 2, 3));
}

TEST(NoiseTest, PortableLogAgreesWithTheLibrary) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(-30, 30);
  for (int i = 0; i < 100000; ++i) {
    const double x = std::exp2(exponent(random));
    EXPECT_NEAR(PortableLog(x), std::log(x), 4e-16 * std::abs(std::log(x)));
  }
  EXPECT_EQ(PortableLog(1), 0);
}

TEST(NoiseTest, FallsFromTheLargestNoiseToTheSmallest) {
  EXPECT_NEAR(GumbelFromWord(0), 22.8739, 1e-3);
  EXPECT_NEAR(GumbelFromWord(0xffffffff), -3.1301, 1e-3);
  double last = GumbelFromWord(0);
  for (uint64_t word = 1; word <= 0xffffffff; word += word / 1000 + 1) {
    const double noise = GumbelFromWord(static_cast<uint32_t>(word));
    ASSERT_LT(noise, last) << word;
    last = noise;
  }
}

// Mean and variance of the Gumbel distribution: 0.5772 and pi^2 / 6.
TEST(NoiseTest, HasTheMomentsOfItsDistribution) {
  const int n = 400000;
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    const double g = GumbelFromWord(NoiseWord(7, i / 1000, i % 1000));
    sum += g;
    squares += g * g;
  }
  EXPECT_NEAR(sum / n, 0.57722, 0.007);
  EXPECT_NEAR(squares / n - sum / n * sum / n, 1.64493, 0.02);
}

}  // namespace
}  // namespace tessera::sampling
