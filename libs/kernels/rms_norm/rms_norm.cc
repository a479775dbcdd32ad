#include "libs/kernels/rms_norm/rms_norm.h"

#include "libs/base/check.h"

namespace tessera::kernels {

void RmsNorm(device::KernelSet kernels, const RmsNormRows& rows) {
  CHECK(rows.num_rows >= 0 && rows.dim >= 1)
      << "num_rows " << rows.num_rows << ", dim " << rows.dim;
  CHECK(rows.input_stride >= rows.dim && rows.output_stride >= rows.dim)
      << "strides " << rows.input_stride << " and " << rows.output_stride
      << ", dim " << rows.dim;
  switch (device::VectorKernels(kernels)) {
    case device::KernelSet::kReference:
      return RmsNormReference(rows);
    case device::KernelSet::kAvx2:
      return RmsNormAvx2(rows);
    case device::KernelSet::kAvx512:
    case device::KernelSet::kAmx:
      return RmsNormAvx512(rows);
  }
}

}  // namespace tessera::kernels
