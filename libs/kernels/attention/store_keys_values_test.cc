#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "libs/device/huge_buffer.h"
#include "libs/kernels/attention/attention.h"
#include "libs/tensor/float16.h"

namespace tessera::attention {
namespace {

constexpr int kDim = 64;

struct OneHead {
  explicit OneHead(KvDType dtype)
      : memory(*device::HugeBuffer::Allocate(KvHeadBytes(dtype, kDim))),
        kv{memory.data(), KvHeadBytes(dtype, kDim), dtype, 1, kDim} {}
  // Rows [T, 2, kDim]: a key and a value each.
  void Store(const std::vector<float>& rows, int64_t first_position) {
    const int num_tokens = static_cast<int>(rows.size() / (2 * kDim));
    const AttentionSequence sequence = {0, num_tokens, first_position,
                                        absl::MakeConstSpan(&block, 1)};
    StoreKeysValues(device::BestKernelSet(device::HostCpuFeatures()),
                    {rows.data(), rows.data() + kDim, 2 * kDim},
                    absl::MakeConstSpan(&sequence, 1), {0, num_tokens}, 0, kv);
  }
  std::vector<uint8_t> Bytes() const {
    return {memory.data(), memory.data() + memory.size()};
  }
  int32_t block = 0;
  device::HugeBuffer memory;
  KvLayer kv;
};

std::vector<float> RandomRows(int num_tokens, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> rows(num_tokens * 2 * kDim);
  for (float& x : rows) x = normal(random);
  return rows;
}

TEST(StoreKeysValuesTest, RoundsEveryElementToItsPlace) {
  OneHead head(KvDType::kBF16);
  const std::vector<float> rows = RandomRows(32, 1);
  head.Store(rows, 0);
  for (int slot = 0; slot < 32; ++slot) {
    for (int d = 0; d < kDim; ++d) {
      uint16_t key, value;
      std::memcpy(
          &key,
          head.memory.data() + 2 * KvKeyIndex(KvDType::kBF16, kDim, slot, d),
          2);
      std::memcpy(&value,
                  head.memory.data() + KvValueOffset(KvDType::kBF16, kDim) +
                      2 * KvValueIndex(KvDType::kBF16, kDim, slot, d),
                  2);
      EXPECT_EQ(key, FloatToBFloat16(rows[slot * 2 * kDim + d]));
      EXPECT_EQ(value, FloatToBFloat16(rows[slot * 2 * kDim + kDim + d]));
    }
  }
}

TEST(StoreKeysValuesTest, AnyCutLeavesTheSameBytes) {
  for (const KvDType dtype : {KvDType::kBF16, KvDType::kF32}) {
    const std::vector<float> rows = RandomRows(29, 2);
    OneHead whole(dtype);
    whole.Store(rows, 0);
    for (const int cut : {1, 2, 3, 8}) {
      OneHead head(dtype);
      std::memset(head.memory.data(), 0x7f, head.memory.size());
      for (int first = 0; first < 29; first += cut) {
        const int end = std::min(first + cut, 29);
        head.Store(
            {rows.begin() + first * 2 * kDim, rows.begin() + end * 2 * kDim},
            first);
      }
      EXPECT_EQ(head.Bytes(), whole.Bytes())
          << KvDTypeName(dtype) << " " << cut;
    }
  }
}

// A masked value is multiplied by 0, and 0 times NaN is no 0.
TEST(StoreKeysValuesTest, WhatIsNotFiniteIsStoredAsZero) {
  for (const KvDType dtype : {KvDType::kBF16, KvDType::kI8}) {
    for (const float bad : {std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::max()}) {
      OneHead head(dtype);
      const std::vector<float> rows(2 * 2 * kDim, bad);
      head.Store(rows, 0);
      const OneHead empty(dtype);
      if (dtype == KvDType::kBF16) {
        EXPECT_EQ(head.Bytes(), empty.Bytes());
      }
      const uint8_t* scales = head.memory.data() + KvValueScaleOffset(kDim);
      float scale;
      std::memcpy(&scale, scales, 4);
      EXPECT_TRUE(std::isfinite(scale)) << bad;
    }
  }
}

}  // namespace
}  // namespace tessera::attention
