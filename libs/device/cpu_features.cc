#include "libs/device/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#endif
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace tessera::device {
namespace {

#if defined(__x86_64__)
// Tiles are 8 KB of state a thread that Linux saves for those who asked:
// without the request their first use is a SIGILL. It holds for all threads.
bool RequestTiles() {
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

bool HasAmx() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  constexpr unsigned kNeeded =
      1u << 22 | 1u << 24 | 1u << 25;  // bf16, tiles, int8
  return (d & kNeeded) == kNeeded && RequestTiles();
}
#endif

CpuFeatures Detect() {
  CpuFeatures features;
#if defined(__x86_64__)
  __builtin_cpu_init();
  features.avx2 = __builtin_cpu_supports("avx2") &&
                  __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("f16c");
  features.avx512 = features.avx2 && __builtin_cpu_supports("avx512f") &&
                    __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl") &&
                    __builtin_cpu_supports("avx512vbmi");
  features.avx512_vnni =
      features.avx512 && __builtin_cpu_supports("avx512vnni");
  features.avx512_bf16 =
      features.avx512 && __builtin_cpu_supports("avx512bf16");
  features.amx = HasAmx();
#endif
  const long l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
  features.l2_bytes = l2 > 0 ? l2 : int64_t{512} << 10;
  return features;
}

bool HasAvx512Kernels(const CpuFeatures& features) {
  return features.avx512 && features.avx512_vnni && features.avx512_bf16;
}

bool HasAmxKernels(const CpuFeatures& features) {
  return HasAvx512Kernels(features) && features.amx;
}

}  // namespace

const CpuFeatures& HostCpuFeatures() {
  static const CpuFeatures features = Detect();
  return features;
}

absl::string_view KernelSetName(KernelSet kernels) {
  switch (kernels) {
    case KernelSet::kReference:
      return "reference";
    case KernelSet::kAvx2:
      return "avx2";
    case KernelSet::kAvx512:
      return "avx512";
    case KernelSet::kAmx:
      return "amx";
  }
  return "unknown";
}

KernelSet BestKernelSet(const CpuFeatures& features) {
  if (HasAmxKernels(features)) return KernelSet::kAmx;
  if (HasAvx512Kernels(features)) return KernelSet::kAvx512;
  return features.avx2 ? KernelSet::kAvx2 : KernelSet::kReference;
}

absl::StatusOr<KernelSet> ParseKernelSet(absl::string_view name,
                                         const CpuFeatures& features) {
  if (name == "auto") return BestKernelSet(features);
  if (name == "reference") return KernelSet::kReference;
  if (name == "avx2") {
    if (features.avx2) return KernelSet::kAvx2;
    return absl::FailedPreconditionError(
        "kernels avx2: this processor lacks AVX2, FMA or F16C; use auto");
  }
  if (name == "amx") {
    if (HasAmxKernels(features)) return KernelSet::kAmx;
    return absl::FailedPreconditionError(
        "kernels amx: this processor lacks AMX tiles with bf16 and int8, the "
        "system does not grant them, or what kernels avx512 need is missing; "
        "use auto");
  }
  if (name == "avx512") {
    if (HasAvx512Kernels(features)) return KernelSet::kAvx512;
    return absl::FailedPreconditionError(
        "kernels avx512: this processor lacks AVX-512 F, BW, DQ, VL, VBMI, "
        "VNNI "
        "or BF16; use auto");
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "kernels \"", name, "\": must be auto, amx, avx512, avx2 or reference"));
}

}  // namespace tessera::device
