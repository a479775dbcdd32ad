// What this processor can do, and which set of kernels that allows.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tessera::device {

struct CpuFeatures {
  bool avx2 = false;         // with FMA and F16C
  bool avx512 = false;       // F, BW, DQ, VL, VBMI
  bool avx512_vnni = false;  // vpdpbusd
  bool avx512_bf16 = false;  // vdpbf16ps
  bool amx = false;          // tiles of bf16 and int8, and leave to use them
  int64_t l2_bytes = 0;      // of one core; 512 KiB where the system won't say
};

// Of the machine that runs this process.
const CpuFeatures& HostCpuFeatures();

// One family of kernels. Each operation has a plain reference, the oracle; the
// others are chosen where the processor has what they were compiled for. A set
// names its device too: these run on the CPU, over host memory. A GPU's will be
// one more value, so that contracts that take a set, or a Worker that carries
// one, stay as they are.
// kAmx is kAvx512 with attention over a bf16 cache, and products of five tokens
// and more with integer weights, on AMX tiles.
enum class KernelSet : uint8_t { kReference, kAvx2, kAvx512, kAmx };

// The set whose code `kernels` runs wherever it has none of its own.
constexpr KernelSet VectorKernels(KernelSet kernels) {
  return kernels == KernelSet::kAmx ? KernelSet::kAvx512 : kernels;
}

absl::string_view KernelSetName(KernelSet kernels);

// The best set that `features` allow.
KernelSet BestKernelSet(const CpuFeatures& features);

// From "auto", "amx", "avx512", "avx2" or "reference". InvalidArgument for
// another word; FailedPrecondition, naming what is missing, where `features`
// lack it.
absl::StatusOr<KernelSet> ParseKernelSet(absl::string_view name,
                                         const CpuFeatures& features);

}  // namespace tessera::device
