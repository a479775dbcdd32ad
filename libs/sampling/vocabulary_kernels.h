// The passes over a whole vocabulary, one table of functions an instruction
// set.
//
// Every version gives the same bits: they add, subtract and multiply alone (no
// fused operation), and sums are of integers. Plain structs and pointers,
// because the AVX2 source includes this.
//
// A logit x becomes y = (x - max) * scale, in float, two roundings: 0 for the
// largest, negative or -inf for others. A NaN passes no comparison.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tessera::sampling {

struct Logits {
  const float* values;  // [size]
  size_t size;
  float max;    // finite
  float scale;  // positive, finite
};

struct DrawRange {
  size_t begin;  // a multiple of kNoiseGroup
  size_t end;
  float floor;  // tokens with a lower y are left out
  float best;   // a score that a token reached
  uint32_t key[2];
  uint32_t position[2];
};

// Tokens whose noise words come from one set of Philox counters (gumbel.h).
inline constexpr size_t kNoiseGroup = 128;
// No word gives more noise.
inline constexpr float kMaxNoise = 22.9f;
// What the filter of `draw` may be off by, rounding included.
inline constexpr float kDrawSlack = 0.001f;

struct VocabularyKernels {
  const char* name;
  // The largest that is not NaN; -inf where there is none.
  float (*max)(const float* values, size_t size);
  // Index of the first that equals `value`, or size.
  size_t (*find)(const float* values, size_t size, float value);
  // Indices with y >= floor, ascending, into [size]; returns how many.
  size_t (*collect)(const Logits& logits, float floor, int32_t* indices);
  // Sum over y >= floor of round(exp(y) * 2^40), exact.
  uint64_t (*sum_weights)(const Logits& logits, float floor);
  // The tokens of the range that could score at least `best` (every one that
  // does, few others), into [end - begin], in no order; returns how many.
  size_t (*draw)(const Logits& logits, const DrawRange& range, int32_t* tokens);
};

// 2^40: a token of probability 1e-12 still weighs 1, and 2^22 tokens of weight
// 2^40 sum below 2^63.
inline constexpr float kWeightOne = 1099511627776.0f;
// exp(kLowestWeight) * 2^40 rounds to zero below this.
inline constexpr float kLowestWeight = -28.5f;

extern const VocabularyKernels kReferenceKernels;
#if defined(__x86_64__)
extern const VocabularyKernels kAvx2Kernels;
extern const VocabularyKernels kAvx512Kernels;
#endif

// What this processor runs, the fastest first; the reference is the last.
struct KernelList {
  const VocabularyKernels* kernels[3];
  size_t size;
};
KernelList SupportedKernels();
const VocabularyKernels& BestKernels();

// round(exp(y) * 2^40) for y <= 0, by the same operations as sum_weights.
uint64_t Weight(float y);

}  // namespace tessera::sampling
