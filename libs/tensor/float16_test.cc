#include "libs/tensor/float16.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace tessera {
namespace {

// What the bits mean, computed with the mathematical library.
float HalfByDefinition(uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int mantissa = bits & 1023;
  const float magnitude = exponent == 0
                              ? std::ldexp(mantissa, -24)
                              : std::ldexp(1024 + mantissa, exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

bool IsFiniteHalf(uint16_t bits) { return (bits & 0x7c00) != 0x7c00; }

TEST(Float16Test, DecodesEveryHalf) {
  for (int bits = 0; bits < 65536; ++bits) {
    const float value = Float16ToFloat(static_cast<uint16_t>(bits));
    if (IsFiniteHalf(bits)) {
      ASSERT_EQ(value, HalfByDefinition(bits)) << bits;
      ASSERT_EQ(std::signbit(value), bits >= 0x8000) << bits;
    } else if ((bits & 0x3ff) != 0) {
      ASSERT_TRUE(std::isnan(value)) << bits;
    } else {
      ASSERT_TRUE(std::isinf(value)) << bits;
    }
  }
}

TEST(Float16Test, EveryHalfSurvivesTheRoundTrip) {
  for (int bits = 0; bits < 65536; ++bits) {
    const float value = Float16ToFloat(static_cast<uint16_t>(bits));
    if (std::isnan(value)) continue;
    ASSERT_EQ(FloatToFloat16(value), bits);
  }
}

// Between two neighbours: each side goes to the nearer, the middle to the even.
TEST(Float16Test, RoundsToNearestEven) {
  for (int bits = 0; bits < 0x7bff; ++bits) {
    const float low = Float16ToFloat(bits);
    const float high = Float16ToFloat(bits + 1);
    const float middle = low + (high - low) / 2;  // exact
    ASSERT_EQ(FloatToFloat16(middle), bits % 2 == 0 ? bits : bits + 1) << bits;
    ASSERT_EQ(FloatToFloat16(std::nextafter(middle, 0.0f)), bits) << bits;
    ASSERT_EQ(FloatToFloat16(std::nextafter(middle, 1e6f)), bits + 1) << bits;
  }
}

TEST(Float16Test, OverflowsToInfinityFromHalfwayPastTheLargest) {
  EXPECT_EQ(FloatToFloat16(65504), 0x7bff);
  EXPECT_EQ(FloatToFloat16(65519.99f), 0x7bff);
  EXPECT_EQ(FloatToFloat16(65520), 0x7c00);
  EXPECT_EQ(FloatToFloat16(-1e30f), 0xfc00);
  EXPECT_TRUE(std::isnan(
      Float16ToFloat(FloatToFloat16(std::numeric_limits<float>::quiet_NaN()))));
}

TEST(BFloat16Test, RoundsToNearestEven) {
  EXPECT_EQ(FloatToBFloat16(1.0f), 0x3f80);
  EXPECT_EQ(FloatToBFloat16(std::bit_cast<float>(0x3f808000)), 0x3f80);
  EXPECT_EQ(FloatToBFloat16(std::bit_cast<float>(0x3f818000)), 0x3f82);
  EXPECT_EQ(FloatToBFloat16(std::bit_cast<float>(0x3f808001)), 0x3f81);
  EXPECT_EQ(FloatToBFloat16(std::numeric_limits<float>::max()), 0x7f80);
  // A NaN whose payload is only in the dropped bits stays one.
  EXPECT_TRUE(std::isnan(
      BFloat16ToFloat(FloatToBFloat16(std::bit_cast<float>(0x7f800001)))));
}

}  // namespace
}  // namespace tessera
