// Merging and finishing rows: the same for every type of cache.
#include <immintrin.h>

#include <cstdint>

#include "libs/kernels/attention/avx2_softmax.h"
#include "libs/kernels/attention/chunk_kernels.h"

namespace tessera::attention {

void MergeStatesAvx2(const RowStates& partial, int num_rows, int head_dim,
                     const RowStates& states) {
  for (int row = 0; row < num_rows; ++row) {
    const MergeWeights weights = MergeSum(partial.max[row], partial.sum[row],
                                          &states.max[row], &states.sum[row]);
    const int64_t first = int64_t{row} * head_dim;
    for (int d = 0; d < head_dim; d += 8) {
      MergeValues(_mm256_loadu_ps(partial.values + first + d), weights,
                  states.values + first + d);
    }
  }
}

void FinishRowsAvx2(const RowStates& states, const OutputRows& rows) {
  const float* values = states.values;
  for (int i = 0; i < rows.num_queries; ++i) {
    float* output = rows.output + i * rows.stride;
    for (int j = 0; j < rows.group; ++j) {
      const __m256 sum = _mm256_set1_ps(states.sum[i * rows.group + j]);
      for (int d = 0; d < rows.head_dim; d += 8) {
        _mm256_storeu_ps(
            output, _mm256_add_ps(_mm256_div_ps(_mm256_loadu_ps(values), sum),
                                  _mm256_setzero_ps()));
        output += 8;
        values += 8;
      }
    }
  }
}

}  // namespace tessera::attention
