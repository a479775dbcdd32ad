// The reference's loops, 8 lanes at a time (vocabulary_reference.cc has the
// reasons); lanes past the end hold -inf, which passes no filter.
#include <immintrin.h>

#include "libs/sampling/vocabulary_kernels.h"

namespace tessera::sampling {
namespace {

alignas(32) const int32_t kTailMasks[16] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                            0,  0,  0,  0,  0,  0,  0,  0};

__m256 MinusInfinity() {
  return _mm256_castsi256_ps(_mm256_set1_epi32(int32_t(0xFF800000)));
}

// values[i .. i+8), -inf from `end` on.
__m256 Load(const float* values, size_t i, size_t end) {
  if (i + 8 <= end) return _mm256_loadu_ps(values + i);
  if (i >= end) return MinusInfinity();
  const __m256i mask = _mm256_loadu_si256(
      reinterpret_cast<const __m256i*>(kTailMasks + 8 - (end - i)));
  return _mm256_blendv_ps(MinusInfinity(), _mm256_maskload_ps(values + i, mask),
                          _mm256_castsi256_ps(mask));
}

struct Scale {
  __m256 max;
  __m256 scale;
};

Scale ScaleOf(const Logits& logits) {
  return {_mm256_set1_ps(logits.max), _mm256_set1_ps(logits.scale)};
}

__m256 Scaled(const Scale& s, __m256 x) {
  return _mm256_mul_ps(_mm256_sub_ps(x, s.max), s.scale);
}

int MaskAtLeast(__m256 x, __m256 floor) {
  return _mm256_movemask_ps(_mm256_cmp_ps(x, floor, _CMP_GE_OQ));
}

float Max(const float* values, size_t size) {
  // max_ps takes its second operand where either is NaN.
  __m256 best[4];
  for (__m256& b : best) b = MinusInfinity();
  for (size_t i = 0; i < size; i += 32) {
    for (size_t j = 0; j < 4; ++j) {
      best[j] = _mm256_max_ps(Load(values, i + 8 * j, size), best[j]);
    }
  }
  const __m256 both = _mm256_max_ps(_mm256_max_ps(best[0], best[1]),
                                    _mm256_max_ps(best[2], best[3]));
  alignas(32) float lanes[8];
  _mm256_store_ps(lanes, both);
  float result = lanes[0];
  for (const float lane : lanes) {
    if (lane > result) result = lane;
  }
  return result;
}

size_t Find(const float* values, size_t size, float value) {
  const __m256 wanted = _mm256_set1_ps(value);
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    const int hits = _mm256_movemask_ps(
        _mm256_cmp_ps(_mm256_loadu_ps(values + i), wanted, _CMP_EQ_OQ));
    if (hits != 0) return i + __builtin_ctz(hits);
  }
  while (i < size && !(values[i] == value)) ++i;
  return i;
}

size_t Collect(const Logits& logits, float floor, int32_t* indices) {
  const Scale scale = ScaleOf(logits);
  const __m256 at_least = _mm256_set1_ps(floor);
  size_t count = 0;
  for (size_t i = 0; i < logits.size; i += 8) {
    const __m256 y = Scaled(scale, Load(logits.values, i, logits.size));
    unsigned hits = MaskAtLeast(y, at_least);
    for (; hits != 0; hits &= hits - 1) {
      // Past the end only a floor of -inf could hit.
      const size_t index = i + __builtin_ctz(hits);
      if (index < logits.size) indices[count++] = static_cast<int32_t>(index);
    }
  }
  return count;
}

__m256 Exp(__m256 y) {
  const __m256 round = _mm256_set1_ps(12582912.0f);
  const __m256 shifted =
      _mm256_add_ps(_mm256_mul_ps(y, _mm256_set1_ps(1.44269504f)), round);
  const __m256 n = _mm256_sub_ps(shifted, round);
  __m256 r = _mm256_sub_ps(y, _mm256_mul_ps(n, _mm256_set1_ps(0.693145752f)));
  r = _mm256_sub_ps(r, _mm256_mul_ps(n, _mm256_set1_ps(1.42860677e-6f)));
  const float taylor[] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6,
                          0.5f,       1.0f,       1.0f};
  __m256 p = _mm256_set1_ps(1.0f / 5040);
  for (const float term : taylor) {
    p = _mm256_add_ps(_mm256_mul_ps(p, r), _mm256_set1_ps(term));
  }
  return _mm256_castsi256_ps(
      _mm256_add_epi32(_mm256_castps_si256(p),
                       _mm256_slli_epi32(_mm256_castps_si256(shifted), 23)));
}

// Integers of 2^40 a weight in 64-bit lanes; adding 1.5 * 2^52 to a double
// leaves it, rounded, in the low bits, over bits that `Total` takes off again.
struct Sum {
  __m256i lanes = _mm256_setzero_si256();
  uint64_t num_added = 0;  // to each lane

  void Add(__m128 weights) {
    const __m256d shifted = _mm256_add_pd(_mm256_cvtps_pd(weights),
                                          _mm256_set1_pd(6755399441055744.0));
    lanes = _mm256_add_epi64(lanes, _mm256_castpd_si256(shifted));
    ++num_added;
  }

  uint64_t Total() const {
    alignas(32) uint64_t x[4];
    _mm256_store_si256(reinterpret_cast<__m256i*>(x), lanes);
    return x[0] + x[1] + x[2] + x[3] - 4 * num_added * 0x4338000000000000u;
  }
};

uint64_t SumWeights(const Logits& logits, float floor) {
  const Scale scale = ScaleOf(logits);
  const __m256 lowest =
      _mm256_set1_ps(floor > kLowestWeight ? floor : kLowestWeight);
  Sum sum;
  const auto add = [&](__m256 x) {
    const __m256 y = Scaled(scale, x);
    const __m256 kept = _mm256_cmp_ps(y, lowest, _CMP_GE_OQ);
    const __m256 weight =
        _mm256_and_ps(kept, _mm256_mul_ps(Exp(y), _mm256_set1_ps(kWeightOne)));
    sum.Add(_mm256_castps256_ps128(weight));
    sum.Add(_mm256_extractf128_ps(weight, 1));
  };
  size_t i = 0;
  for (; i + 8 <= logits.size; i += 8) add(_mm256_loadu_ps(logits.values + i));
  if (i < logits.size) add(Load(logits.values, i, logits.size));
  return sum.Total();
}

// Philox4x32-10 of 4 counters, each word in the low half of a 64-bit lane; the
// high halves hold what the multiplications ignore.
void Philox(const DrawRange& range, __m256i block, __m256i words[4]) {
  words[0] = _mm256_set1_epi64x(range.position[0]);
  words[1] = _mm256_set1_epi64x(range.position[1]);
  words[2] = block;
  words[3] = _mm256_setzero_si256();
  uint32_t key0 = range.key[0];
  uint32_t key1 = range.key[1];
  for (int round = 0; round < 10; ++round) {
    const __m256i first =
        _mm256_mul_epu32(words[0], _mm256_set1_epi64x(0xD2511F53));
    const __m256i second =
        _mm256_mul_epu32(words[2], _mm256_set1_epi64x(0xCD9E8D57));
    words[0] = _mm256_xor_si256(
        _mm256_xor_si256(_mm256_srli_epi64(second, 32), words[1]),
        _mm256_set1_epi64x(key0));
    words[2] = _mm256_xor_si256(
        _mm256_xor_si256(_mm256_srli_epi64(first, 32), words[3]),
        _mm256_set1_epi64x(key1));
    words[1] = second;
    words[3] = first;
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
}

// high[h], lane l: the upper half of the noise word of a group's token
// 16 h + first_lane + l.
void GroupNoise(const DrawRange& range, uint32_t group, uint32_t first_lane,
                __m256i high[8]) {
  const uint32_t first = group * 16 + first_lane;
  __m256i even[4], odd[4];
  Philox(range, _mm256_set_epi64x(first + 6, first + 4, first + 2, first),
         even);
  Philox(range, _mm256_set_epi64x(first + 7, first + 5, first + 3, first + 1),
         odd);
  for (int j = 0; j < 4; ++j) {
    const __m256i word =
        _mm256_blend_epi32(even[j], _mm256_slli_epi64(odd[j], 32), 0xAA);
    high[2 * j] = _mm256_and_si256(word, _mm256_set1_epi32(0xFFFF));
    high[2 * j + 1] = _mm256_srli_epi32(word, 16);
  }
}

__m256 NoiseBound(__m256i high) {
  const __m256 bits =
      _mm256_cvtepi32_ps(_mm256_castps_si256(_mm256_cvtepi32_ps(high)));
  const __m256 log2 = _mm256_sub_ps(
      _mm256_set1_ps(143.0f), _mm256_mul_ps(bits, _mm256_set1_ps(0x1p-23f)));
  return _mm256_mul_ps(log2, _mm256_set1_ps(0.693147182f));
}

size_t Draw(const Logits& logits, const DrawRange& range, int32_t* tokens) {
  const Scale scale = ScaleOf(logits);
  const float target_score = range.best - kDrawSlack;
  const __m256 target = _mm256_set1_ps(target_score);
  const __m256 floor = _mm256_set1_ps(range.floor);
  const __m256 most = _mm256_set1_ps(kMaxNoise);
  size_t count = 0;
  for (size_t begin = range.begin; begin < range.end; begin += kNoiseGroup) {
    const uint32_t group = static_cast<uint32_t>(begin / kNoiseGroup);
    for (uint32_t lane = 0; lane < 16; lane += 8) {
      __m256 y[8];
      unsigned possible[8];
      unsigned any = 0;
      for (size_t h = 0; h < 8; ++h) {
        const size_t i = begin + 16 * h + lane;
        y[h] = Scaled(scale, Load(logits.values, i, range.end));
        possible[h] = MaskAtLeast(y[h], floor) &
                      MaskAtLeast(_mm256_add_ps(y[h], most), target);
        any |= possible[h];
      }
      if (any == 0) continue;
      __m256i high[8];
      GroupNoise(range, group, lane, high);
      for (size_t h = 0; h < 8; ++h) {
        const __m256 bound = _mm256_add_ps(y[h], NoiseBound(high[h]));
        unsigned hits = possible[h] & MaskAtLeast(bound, target);
        for (; hits != 0; hits &= hits - 1) {
          tokens[count++] =
              static_cast<int32_t>(begin + 16 * h + lane + __builtin_ctz(hits));
        }
      }
    }
  }
  return count;
}

}  // namespace

extern const VocabularyKernels kAvx2Kernels;
const VocabularyKernels kAvx2Kernels = {
    .name = "avx2",
    .max = Max,
    .find = Find,
    .collect = Collect,
    .sum_weights = SumWeights,
    .draw = Draw,
};

}  // namespace tessera::sampling
