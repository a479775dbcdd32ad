#include "libs/sampling/vocabulary_kernels.h"

namespace tessera::sampling {

const VocabularyKernels& BestKernels() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return kAvx2Kernels;
#endif
  return kReferenceKernels;
}

}  // namespace tessera::sampling
