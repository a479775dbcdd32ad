#include <cstring>
#include <limits>

#include "libs/sampling/gumbel.h"
#include "libs/sampling/vocabulary_kernels.h"

namespace tessera::sampling {
namespace {

constexpr float kRoundFloat = 12582912.0f;  // 1.5 * 2^23: adding it rounds
constexpr double kRoundDouble = 6755399441055744.0;  // 1.5 * 2^52

template <typename To, typename From>
To Bits(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

float ScaledLogit(const Logits& logits, size_t i) {
  return (logits.values[i] - logits.max) * logits.scale;
}

// exp(y) for y in [kLowestWeight, 0], within 2e-7 of it: y = n ln 2 + r, a
// Taylor polynomial of r in [-0.347, 0.347], n added to the exponent.
float Exp(float y) {
  const float shifted = y * 1.44269504f + kRoundFloat;
  const float n = shifted - kRoundFloat;
  const float r = (y - n * 0.693145752f) - n * 1.42860677e-6f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return Bits<float>(Bits<int32_t>(p) + (Bits<int32_t>(shifted) << 23));
}

float Max(const float* values, size_t size) {
  float best = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < size; ++i) {
    if (values[i] > best) best = values[i];
  }
  return best;
}

size_t Find(const float* values, size_t size, float value) {
  size_t i = 0;
  while (i < size && !(values[i] == value)) ++i;
  return i;
}

size_t Collect(const Logits& logits, float floor, int32_t* indices) {
  size_t count = 0;
  for (size_t i = 0; i < logits.size; ++i) {
    if (ScaledLogit(logits, i) >= floor) {
      indices[count++] = static_cast<int32_t>(i);
    }
  }
  return count;
}

uint64_t SumWeights(const Logits& logits, float floor) {
  uint64_t sum = 0;
  for (size_t i = 0; i < logits.size; ++i) {
    const float y = ScaledLogit(logits, i);
    if (y >= floor) sum += Weight(y);
  }
  return sum;
}

// At least the noise of a word whose upper half is `high`: -log(-log(1 - v)) <=
// -log(v) because -log(1 - v) >= v, v >= high / 2^16, and a float's bits, read
// as an integer, are 2^23 (log2(high) + 127) or up to 0.087 * 2^23 less.
float NoiseBound(uint32_t high) {
  const float bits = static_cast<float>(
      Bits<int32_t>(static_cast<float>(static_cast<int32_t>(high))));
  return (143.0f - bits * 0x1p-23f) * 0.693147182f;
}

size_t Draw(const Logits& logits, const DrawRange& range, int32_t* tokens) {
  const uint64_t seed = range.key[0] | uint64_t{range.key[1]} << 32;
  const uint64_t position = range.position[0] | uint64_t{range.position[1]}
                                                    << 32;
  const float target = range.best - kDrawSlack;
  size_t count = 0;
  for (size_t i = range.begin; i < range.end; ++i) {
    const float y = ScaledLogit(logits, i);
    if (!(y >= range.floor && y + kMaxNoise >= target)) continue;
    const uint32_t high =
        NoiseWordHigh(seed, position, static_cast<uint32_t>(i));
    if (y + NoiseBound(high) >= target) tokens[count++] = i;
  }
  return count;
}

}  // namespace

uint64_t Weight(float y) {
  if (!(y >= kLowestWeight)) return 0;
  const double rounded =
      static_cast<double>(Exp(y) * kWeightOne) + kRoundDouble;
  return Bits<uint64_t>(rounded) - Bits<uint64_t>(kRoundDouble);
}

const VocabularyKernels kReferenceKernels = {
    .name = "reference",
    .max = Max,
    .find = Find,
    .collect = Collect,
    .sum_weights = SumWeights,
    .draw = Draw,
};

}  // namespace tessera::sampling
