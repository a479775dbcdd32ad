#include <cmath>

#include "libs/kernels/rms_norm/rms_norm_rows.h"

namespace tessera::kernels {
namespace {

float SumOfSquares(const float* row, int64_t dim) {
  float sums[64] = {};
  for (int64_t i = 0; i < dim; ++i) {
    sums[i % 64] = std::fma(row[i], row[i], sums[i % 64]);
  }
  for (int width = 32; width > 0; width /= 2) {
    for (int j = 0; j < width; ++j) sums[j] += sums[j + width];
  }
  return sums[0];
}

}  // namespace

void RmsNormReference(const RmsNormRows& rows) {
  for (int64_t r = 0; r < rows.num_rows; ++r) {
    const float* input = rows.input + r * rows.input_stride;
    float* output = rows.output + r * rows.output_stride;
    const float mean_square =
        SumOfSquares(input, rows.dim) / static_cast<float>(rows.dim);
    const float scale = 1.0f / std::sqrt(mean_square + rows.epsilon);
    for (int64_t i = 0; i < rows.dim; ++i) {
      output[i] = (input[i] * scale) * rows.weight[i];
    }
  }
}

}  // namespace tessera::kernels
