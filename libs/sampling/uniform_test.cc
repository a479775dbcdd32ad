#include "libs/sampling/uniform.h"

#include <cmath>
#include <functional>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "libs/sampling/gumbel.h"

namespace tessera::sampling {
namespace {

constexpr int kNumPositions = 40000;

TEST(UniformTest, SeedAndPositionGiveTheNumbers) {
  const UniformPair one = UniformNoise(7, 100);
  EXPECT_EQ(one.first, UniformNoise(7, 100).first);
  EXPECT_EQ(one.second, UniformNoise(7, 100).second);
  const uint64_t high = uint64_t{1} << 40;
  std::set<double> numbers;
  for (const auto& [seed, position] :
       std::vector<std::pair<uint64_t, uint64_t>>{
           {7, 100}, {8, 100}, {7 + high, 100}, {7, 101}, {7, 100 + high}}) {
    const UniformPair pair = UniformNoise(seed, position);
    numbers.insert({pair.first, pair.second});
  }
  EXPECT_EQ(numbers.size(), 10);
}

// Of so many numbers, how far the mean of `f` is off 0, in standard deviations.
double Bias(const std::function<double(uint64_t position)>& f) {
  double sum = 0;
  double squares = 0;
  for (uint64_t position = 0; position < kNumPositions; ++position) {
    const double x = f(position);
    sum += x;
    squares += x * x;
  }
  return sum / std::sqrt(squares);
}

TEST(UniformTest, NumbersAreSpreadEvenly) {
  std::vector<int> counts(64);
  for (uint64_t position = 0; position < kNumPositions; ++position) {
    const UniformPair pair = UniformNoise(3, position);
    for (const double x : {pair.first, pair.second}) {
      ASSERT_GE(x, 0);
      ASSERT_LT(x, 1);
      ++counts[static_cast<int>(x * 64)];
    }
  }
  double chi = 0;
  const double expected = 2.0 * kNumPositions / 64;
  for (const int count : counts) {
    chi += (count - expected) * (count - expected) / expected;
  }
  EXPECT_LT((chi - 63) / std::sqrt(2 * 63.0), 5);
}

TEST(UniformTest, NumbersDependOnNoOthers) {
  const auto center = [](double x) { return x - 0.5; };
  const auto gumbel = [](uint64_t position, uint32_t token) {
    return NoiseWord(3, position, token) * 0x1p-32 - 0.5;
  };
  const auto first = [&](uint64_t position) {
    return center(UniformNoise(3, position).first);
  };
  const auto second = [&](uint64_t position) {
    return center(UniformNoise(3, position).second);
  };
  EXPECT_LT(std::abs(Bias([&](uint64_t p) { return first(p) * second(p); })),
            4);
  EXPECT_LT(std::abs(Bias([&](uint64_t p) { return first(p) * first(p + 1); })),
            4);
  for (const uint32_t token : {0, 1, 16, 127, 128}) {
    EXPECT_LT(
        std::abs(Bias([&](uint64_t p) { return first(p) * gumbel(p, token); })),
        4);
    EXPECT_LT(std::abs(Bias(
                  [&](uint64_t p) { return second(p) * gumbel(p, token); })),
              4);
  }
}

}  // namespace
}  // namespace tessera::sampling
