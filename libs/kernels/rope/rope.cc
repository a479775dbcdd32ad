#include "libs/kernels/rope/rope.h"

#include "libs/base/check.h"

namespace tessera::kernels {

void Rotate(device::KernelSet kernels, const RopeHeads& heads) {
  CHECK(heads.num_heads >= 0 && heads.rotary_dim >= 0 &&
        heads.rotary_dim % 2 == 0 && heads.rotary_dim <= heads.head_dim)
      << "num_heads " << heads.num_heads << ", head_dim " << heads.head_dim
      << ", rotary_dim " << heads.rotary_dim;
  switch (device::VectorKernels(kernels)) {
    case device::KernelSet::kReference:
      return RotateReference(heads);
    case device::KernelSet::kAvx2:
      return RotateAvx2(heads);
    case device::KernelSet::kAvx512:
    case device::KernelSet::kAmx:
      return RotateAvx512(heads);
  }
}

}  // namespace tessera::kernels
