#include "libs/kernels/matmul/panel_format.h"

#include "libs/base/check.h"

namespace tessera::kernels {
namespace {

constexpr PanelGeometry kGeometries[kNumPanelFormats] = {
    {"Q4", ActivationKind::kInt8, 2, 64, 256},
    {"Q4Min", ActivationKind::kInt8, 1, 64, 256},
    {"Q4Super", ActivationKind::kInt8, 8, 320, 256},
    {"Q6Super", ActivationKind::kInt8, 8, 320, 384},
    {"Q8", ActivationKind::kInt8, 2, 64, 512},
    {"Q8Min", ActivationKind::kInt8, 1, 64, 512},
    {"Q8Super", ActivationKind::kInt8, 8, 320, 512},
    {"BF16", ActivationKind::kBF16, 1, 0, 1024},
    {"F16", ActivationKind::kF32, 1, 0, 1024},
    {"F32", ActivationKind::kF32, 1, 0, 2048},
};

}  // namespace

const PanelGeometry& Geometry(PanelFormat format) {
  return kGeometries[static_cast<int>(format)];
}

PanelFormat PanelFormatFor(DType dtype, device::KernelSet kernels) {
  if (kernels == device::KernelSet::kReference) return PanelFormat::kF32;
  switch (dtype) {
    case DType::kQ4_0:
      return PanelFormat::kQ4;
    case DType::kQ4_1:
      return PanelFormat::kQ4Min;
    case DType::kQ4_K:
      return PanelFormat::kQ4Super;
    case DType::kQ6_K:
      return PanelFormat::kQ6Super;
    case DType::kQ5_0:
    case DType::kQ8_0:
      return PanelFormat::kQ8;
    case DType::kQ5_1:
      return PanelFormat::kQ8Min;
    case DType::kQ5_K:
      return PanelFormat::kQ8Super;
    case DType::kBF16:
      return PanelFormat::kBF16;
    case DType::kF16:
      return PanelFormat::kF16;
    case DType::kF32:
    case DType::kI8:
    case DType::kI32:
      break;
  }
  return PanelFormat::kF32;
}

}  // namespace tessera::kernels
