#include "libs/sampling/vocabulary_kernels.h"

namespace tessera::sampling {

KernelList SupportedKernels() {
  KernelList list{};
#if defined(__x86_64__)
  const bool has_avx2 = __builtin_cpu_supports("avx2") &&
                        __builtin_cpu_supports("fma") &&
                        __builtin_cpu_supports("f16c");
  // All that AVX512_COPTS lets the compiler use.
  if (has_avx2 && __builtin_cpu_supports("avx512f") &&
      __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vnni") &&
      __builtin_cpu_supports("avx512bf16") &&
      __builtin_cpu_supports("avx512vbmi")) {
    list.kernels[list.size++] = &kAvx512Kernels;
  }
  if (has_avx2) list.kernels[list.size++] = &kAvx2Kernels;
#endif
  list.kernels[list.size++] = &kReferenceKernels;
  return list;
}

const VocabularyKernels& BestKernels() {
  return *SupportedKernels().kernels[0];
}

}  // namespace tessera::sampling
