// The reference's loops, 16 lanes at a time (vocabulary_reference.cc has the
// reasons); lanes past the end hold -inf, which passes no filter.
#include <immintrin.h>

#include "libs/sampling/vocabulary_kernels.h"

namespace tessera::sampling {
namespace {

// values[i .. i+16), -inf from `end` on.
__m512 Load(const float* values, size_t i, size_t end) {
  if (i + 16 <= end) return _mm512_loadu_ps(values + i);
  const __m512 minus_infinity =
      _mm512_castsi512_ps(_mm512_set1_epi32(int32_t(0xFF800000)));
  if (i >= end) return minus_infinity;
  const __mmask16 inside = static_cast<__mmask16>((1u << (end - i)) - 1);
  return _mm512_mask_loadu_ps(minus_infinity, inside, values + i);
}

struct Scale {
  __m512 max;
  __m512 scale;
};

Scale ScaleOf(const Logits& logits) {
  return {_mm512_set1_ps(logits.max), _mm512_set1_ps(logits.scale)};
}

__m512 Scaled(const Scale& s, __m512 x) {
  return _mm512_mul_ps(_mm512_sub_ps(x, s.max), s.scale);
}

__mmask16 AtLeast(__m512 x, __m512 floor) {
  return _mm512_cmp_ps_mask(x, floor, _CMP_GE_OQ);
}

float Max(const float* values, size_t size) {
  // max_ps takes its second operand where either is NaN.
  __m512 best[4];
  for (__m512& b : best) b = Load(values, size, size);
  for (size_t i = 0; i < size; i += 64) {
    for (size_t j = 0; j < 4; ++j) {
      best[j] = _mm512_max_ps(Load(values, i + 16 * j, size), best[j]);
    }
  }
  const __m512 both = _mm512_max_ps(_mm512_max_ps(best[0], best[1]),
                                    _mm512_max_ps(best[2], best[3]));
  alignas(64) float lanes[16];
  _mm512_store_ps(lanes, both);
  float result = lanes[0];
  for (const float lane : lanes) {
    if (lane > result) result = lane;
  }
  return result;
}

size_t Find(const float* values, size_t size, float value) {
  const __m512 wanted = _mm512_set1_ps(value);
  size_t i = 0;
  for (; i + 16 <= size; i += 16) {
    const unsigned hits =
        _mm512_cmp_ps_mask(_mm512_loadu_ps(values + i), wanted, _CMP_EQ_OQ);
    if (hits != 0) return i + __builtin_ctz(hits);
  }
  while (i < size && !(values[i] == value)) ++i;
  return i;
}

size_t Collect(const Logits& logits, float floor, int32_t* indices) {
  const Scale scale = ScaleOf(logits);
  const __m512 at_least = _mm512_set1_ps(floor);
  size_t count = 0;
  for (size_t i = 0; i < logits.size; i += 16) {
    unsigned hits =
        AtLeast(Scaled(scale, Load(logits.values, i, logits.size)), at_least);
    for (; hits != 0; hits &= hits - 1) {
      // Past the end only a floor of -inf could hit.
      const size_t index = i + __builtin_ctz(hits);
      if (index < logits.size) indices[count++] = static_cast<int32_t>(index);
    }
  }
  return count;
}

__m512 Exp(__m512 y) {
  const __m512 round = _mm512_set1_ps(12582912.0f);
  const __m512 shifted =
      _mm512_add_ps(_mm512_mul_ps(y, _mm512_set1_ps(1.44269504f)), round);
  const __m512 n = _mm512_sub_ps(shifted, round);
  __m512 r = _mm512_sub_ps(y, _mm512_mul_ps(n, _mm512_set1_ps(0.693145752f)));
  r = _mm512_sub_ps(r, _mm512_mul_ps(n, _mm512_set1_ps(1.42860677e-6f)));
  const float taylor[] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6,
                          0.5f,       1.0f,       1.0f};
  __m512 p = _mm512_set1_ps(1.0f / 5040);
  for (const float term : taylor) {
    p = _mm512_add_ps(_mm512_mul_ps(p, r), _mm512_set1_ps(term));
  }
  return _mm512_castsi512_ps(
      _mm512_add_epi32(_mm512_castps_si512(p),
                       _mm512_slli_epi32(_mm512_castps_si512(shifted), 23)));
}

uint64_t SumWeights(const Logits& logits, float floor) {
  const Scale scale = ScaleOf(logits);
  const __m512 lowest =
      _mm512_set1_ps(floor > kLowestWeight ? floor : kLowestWeight);
  __m512i low = _mm512_setzero_si512();
  __m512i high = _mm512_setzero_si512();
  for (size_t i = 0; i < logits.size; i += 16) {
    const __m512 y = Scaled(scale, Load(logits.values, i, logits.size));
    const __m512 weight = _mm512_maskz_mul_ps(AtLeast(y, lowest), Exp(y),
                                              _mm512_set1_ps(kWeightOne));
    low = _mm512_add_epi64(low,
                           _mm512_cvtps_epi64(_mm512_castps512_ps256(weight)));
    high = _mm512_add_epi64(
        high,
        _mm512_cvtps_epi64(_mm512_maskz_extractf32x8_ps(0xFF, weight, 1)));
  }
  alignas(64) uint64_t lanes[8];
  _mm512_store_si512(lanes, _mm512_add_epi64(low, high));
  uint64_t sum = 0;
  for (const uint64_t lane : lanes) sum += lane;
  return sum;
}

// Philox4x32-10 of 8 counters, each word in the low half of a 64-bit lane; the
// high halves hold what the multiplications ignore.
void Philox(const DrawRange& range, __m512i block, __m512i words[4]) {
  constexpr int kXor = 0x96;  // of three
  words[0] = _mm512_set1_epi64(range.position[0]);
  words[1] = _mm512_set1_epi64(range.position[1]);
  words[2] = block;
  words[3] = _mm512_setzero_si512();
  uint32_t key0 = range.key[0];
  uint32_t key1 = range.key[1];
  for (int round = 0; round < 10; ++round) {
    const __m512i first =
        _mm512_mul_epu32(words[0], _mm512_set1_epi64(0xD2511F53));
    const __m512i second =
        _mm512_mul_epu32(words[2], _mm512_set1_epi64(0xCD9E8D57));
    words[0] = _mm512_ternarylogic_epi64(
        _mm512_srli_epi64(second, 32), words[1], _mm512_set1_epi64(key0), kXor);
    words[2] = _mm512_ternarylogic_epi64(_mm512_srli_epi64(first, 32), words[3],
                                         _mm512_set1_epi64(key1), kXor);
    words[1] = second;
    words[3] = first;
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
}

// high[h], lane l: the upper half of the noise word of a group's token 16 h +
// l.
void GroupNoise(const DrawRange& range, uint32_t group, __m512i high[8]) {
  const __m512i evens = _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0);
  const __m512i first = _mm512_add_epi64(evens, _mm512_set1_epi64(group * 16));
  __m512i even[4], odd[4];
  Philox(range, first, even);
  Philox(range, _mm512_add_epi64(first, _mm512_set1_epi64(1)), odd);
  for (int j = 0; j < 4; ++j) {
    const __m512i word =
        _mm512_mask_blend_epi32(0xAAAA, even[j], _mm512_slli_epi64(odd[j], 32));
    high[2 * j] = _mm512_and_si512(word, _mm512_set1_epi32(0xFFFF));
    high[2 * j + 1] = _mm512_srli_epi32(word, 16);
  }
}

__m512 NoiseBound(__m512i high) {
  const __m512 bits =
      _mm512_cvtepi32_ps(_mm512_castps_si512(_mm512_cvtepi32_ps(high)));
  const __m512 log2 = _mm512_sub_ps(
      _mm512_set1_ps(143.0f), _mm512_mul_ps(bits, _mm512_set1_ps(0x1p-23f)));
  return _mm512_mul_ps(log2, _mm512_set1_ps(0.693147182f));
}

size_t Draw(const Logits& logits, const DrawRange& range, int32_t* tokens) {
  const Scale scale = ScaleOf(logits);
  const __m512 target = _mm512_set1_ps(range.best - kDrawSlack);
  const __m512 floor = _mm512_set1_ps(range.floor);
  const __m512 most = _mm512_set1_ps(kMaxNoise);
  size_t count = 0;
  for (size_t begin = range.begin; begin < range.end; begin += kNoiseGroup) {
    __m512 y[8];
    unsigned possible[8];
    unsigned any = 0;
    for (size_t h = 0; h < 8; ++h) {
      y[h] = Scaled(scale, Load(logits.values, begin + 16 * h, range.end));
      possible[h] =
          AtLeast(y[h], floor) & AtLeast(_mm512_add_ps(y[h], most), target);
      any |= possible[h];
    }
    if (any == 0) continue;
    __m512i high[8];
    GroupNoise(range, static_cast<uint32_t>(begin / kNoiseGroup), high);
    for (size_t h = 0; h < 8; ++h) {
      unsigned hits = possible[h] &
                      AtLeast(_mm512_add_ps(y[h], NoiseBound(high[h])), target);
      for (; hits != 0; hits &= hits - 1) {
        tokens[count++] =
            static_cast<int32_t>(begin + 16 * h + __builtin_ctz(hits));
      }
    }
  }
  return count;
}

}  // namespace

extern const VocabularyKernels kAvx512Kernels;
const VocabularyKernels kAvx512Kernels = {
    .name = "avx512",
    .max = Max,
    .find = Find,
    .collect = Collect,
    .sum_weights = SumWeights,
    .draw = Draw,
};

}  // namespace tessera::sampling
