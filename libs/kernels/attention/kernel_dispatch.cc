#include "libs/kernels/attention/kernel_dispatch.h"

namespace tessera::attention {
namespace {

using device::KernelSet;

struct Kernels {
  const ChunkKernels* chunk;
  StoreToken store;
};

Kernels Find(KernelSet set, KvDType dtype, int head_dim) {
  const KernelSet kernels = device::VectorKernels(set);
#if defined(__x86_64__)
  if (IsFast(kernels, head_dim) && kernels == KernelSet::kAvx512) {
    if (dtype == KvDType::kBF16 && set == KernelSet::kAmx &&
        head_dim % 32 == 0) {
      return {&kAmxBF16Kernels, StoreTokenBF16Avx512};
    }
    if (dtype == KvDType::kBF16) {
      return {&kAvx512BF16Kernels, StoreTokenBF16Avx512};
    }
    if (dtype == KvDType::kI8) return {&kAvx512I8Kernels, StoreTokenI8Avx512};
  }
  if (IsFast(kernels, head_dim) && kernels == KernelSet::kAvx2) {
    if (dtype == KvDType::kBF16) return {&kAvx2BF16Kernels, StoreTokenBF16Avx2};
    if (dtype == KvDType::kI8) return {&kAvx2I8Kernels, StoreTokenI8Avx2};
  }
#endif
  switch (dtype) {
    case KvDType::kF32:
      break;
    case KvDType::kBF16:
      return {&kReferenceBF16Kernels, StoreTokenBF16Reference};
    case KvDType::kI8:
      return {&kReferenceI8Kernels, StoreTokenI8Reference};
  }
  return {&kReferenceF32Kernels, StoreTokenF32Reference};
}

}  // namespace

bool IsFast(KernelSet kernels, int head_dim) {
#if defined(__x86_64__)
  return kernels != KernelSet::kReference && head_dim % 16 == 0;
#else
  return false;
#endif
}

const ChunkKernels& ChunkKernelsFor(KernelSet kernels, KvDType dtype,
                                    int head_dim) {
  return *Find(kernels, dtype, head_dim).chunk;
}

StoreToken StoreTokenFor(KernelSet kernels, KvDType dtype, int head_dim) {
  return Find(kernels, dtype, head_dim).store;
}

}  // namespace tessera::attention
