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

uint64_t SumWeights(const Logits& logits, float floor) {
  const Scale scale = ScaleOf(logits);
  const __m256 lowest =
      _mm256_set1_ps(floor > kLowestWeight ? floor : kLowestWeight);
  const __m256d round = _mm256_set1_pd(6755399441055744.0);
  const __m256i offset = _mm256_castpd_si256(round);
  __m256i sum = _mm256_setzero_si256();
  for (size_t i = 0; i < logits.size; i += 8) {
    const __m256 y = Scaled(scale, Load(logits.values, i, logits.size));
    const __m256 kept = _mm256_cmp_ps(y, lowest, _CMP_GE_OQ);
    if (_mm256_movemask_ps(kept) == 0) continue;
    const __m256 weight =
        _mm256_and_ps(kept, _mm256_mul_ps(Exp(y), _mm256_set1_ps(kWeightOne)));
    const __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128(weight));
    const __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps(weight, 1));
    sum = _mm256_add_epi64(
        sum, _mm256_sub_epi64(_mm256_castpd_si256(_mm256_add_pd(low, round)),
                              offset));
    sum = _mm256_add_epi64(
        sum, _mm256_sub_epi64(_mm256_castpd_si256(_mm256_add_pd(high, round)),
                              offset));
  }
  alignas(32) uint64_t lanes[4];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), sum);
  return lanes[0] + lanes[1] + lanes[2] + lanes[3];
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

// words[j], lane l: the noise word of token 16 j + l, of a group's tokens whose
// l lies in [half * 8, half * 8 + 8).
void GroupWords(const DrawRange& range, uint32_t group, uint32_t half,
                __m256i words[4]) {
  const uint32_t first = group * 16 + half * 8;
  __m256i odd[4];
  Philox(range, _mm256_set_epi64x(first + 6, first + 4, first + 2, first),
         words);
  Philox(range, _mm256_set_epi64x(first + 7, first + 5, first + 3, first + 1),
         odd);
  for (int j = 0; j < 4; ++j) {
    words[j] =
        _mm256_blend_epi32(words[j], _mm256_slli_epi64(odd[j], 32), 0xAA);
  }
}

// Noise that a word cannot exceed.
__m256 NoiseBound(__m256i word) {
  const __m256 half = _mm256_cvtepi32_ps(_mm256_srli_epi32(word, 1));
  const __m256 bits = _mm256_cvtepi32_ps(_mm256_castps_si256(half));
  const __m256 log2 = _mm256_sub_ps(
      _mm256_set1_ps(158.0f), _mm256_mul_ps(bits, _mm256_set1_ps(0x1p-23f)));
  return _mm256_mul_ps(log2, _mm256_set1_ps(0.693147182f));
}

size_t Draw(const Logits& logits, const DrawRange& range, int32_t* tokens,
            uint32_t* words) {
  const Scale scale = ScaleOf(logits);
  const __m256 floor = _mm256_set1_ps(range.floor);
  const __m256 target = _mm256_set1_ps(range.best - kDrawSlack);
  const __m256 most = _mm256_set1_ps(kMaxNoise);
  size_t count = 0;
  for (size_t begin = range.begin; begin < range.end; begin += kNoiseGroup) {
    for (uint32_t half = 0; half < 2; ++half) {
      __m256 y[4];
      unsigned possible = 0;
      for (size_t j = 0; j < 4; ++j) {
        y[j] = Scaled(
            scale, Load(logits.values, begin + 16 * j + 8 * half, range.end));
        possible |= MaskAtLeast(y[j], floor) &
                    MaskAtLeast(_mm256_add_ps(y[j], most), target);
      }
      if (possible == 0) continue;
      __m256i noise[4];
      GroupWords(range, static_cast<uint32_t>(begin / kNoiseGroup), half,
                 noise);
      for (size_t j = 0; j < 4; ++j) {
        const __m256 bound = _mm256_add_ps(y[j], NoiseBound(noise[j]));
        unsigned hits = MaskAtLeast(y[j], floor) & MaskAtLeast(bound, target) &
                        MaskAtLeast(_mm256_add_ps(y[j], most), target);
        if (hits == 0) continue;
        alignas(32) uint32_t lanes[8];
        _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), noise[j]);
        for (; hits != 0; hits &= hits - 1) {
          const unsigned lane = __builtin_ctz(hits);
          tokens[count] =
              static_cast<int32_t>(begin + 16 * j + 8 * half + lane);
          words[count++] = lanes[lane];
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
