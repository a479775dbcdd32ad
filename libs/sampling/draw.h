// The last step: the kept token whose y + noise is largest.
#pragma once

#include <cstdint>

#include "libs/sampling/cut.h"
#include "libs/sampling/scratch.h"
#include "libs/sampling/vocabulary_kernels.h"

namespace tessera::sampling {

struct NoiseKey {
  uint64_t seed;
  uint64_t position;
};

// `scratch->cut` as FindCut left it.
int32_t Draw(const VocabularyKernels& kernels, const Logits& logits,
             const Cut& cut, const NoiseKey& key, SamplingScratch* scratch);

}  // namespace tessera::sampling
