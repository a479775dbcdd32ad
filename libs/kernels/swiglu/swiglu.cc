#include "libs/kernels/swiglu/swiglu.h"

#include "libs/base/check.h"

namespace tessera::kernels {

void SwiGlu(device::KernelSet kernels, const SwiGluRows& rows) {
  CHECK(rows.num_rows >= 0 && rows.num_columns >= 0)
      << "num_rows " << rows.num_rows << ", num_columns " << rows.num_columns;
  CHECK(rows.input_stride >= (rows.num_columns + 15) / 16 * 32 &&
        rows.output_stride >= rows.num_columns)
      << "strides " << rows.input_stride << " and " << rows.output_stride
      << ", num_columns " << rows.num_columns;
  switch (device::VectorKernels(kernels)) {
    case device::KernelSet::kReference:
      return SwiGluReference(rows);
    case device::KernelSet::kAvx2:
      return SwiGluAvx2(rows);
    case device::KernelSet::kAvx512:
    case device::KernelSet::kAmx:
      return SwiGluAvx512(rows);
  }
}

}  // namespace tessera::kernels
