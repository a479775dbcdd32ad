// The only place that chooses between instruction sets.
#pragma once

#include "libs/device/cpu_features.h"
#include "libs/kernels/attention/chunk_kernels.h"
#include "libs/kernels/attention/kv_layout.h"
#include "libs/kernels/attention/store_token.h"

namespace tessera::attention {

// Whether `kernels` brings kernels of its own for caches in bf16 and int8.
bool IsFast(device::KernelSet kernels, int head_dim);

// The reference where there is nothing faster.
const ChunkKernels& ChunkKernelsFor(device::KernelSet kernels, KvDType dtype,
                                    int head_dim);
StoreToken StoreTokenFor(device::KernelSet kernels, KvDType dtype,
                         int head_dim);

}  // namespace tessera::attention
