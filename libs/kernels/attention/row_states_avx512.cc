// Merging and finishing rows: the same for every type of cache.
#include <immintrin.h>

#include <cstdint>

#include "libs/kernels/attention/avx512_softmax.h"
#include "libs/kernels/attention/chunk_kernels.h"

namespace tessera::attention {
namespace {

constexpr int kLanes = 16;

}  // namespace

void MergeStatesAvx512(const RowStates& partial, int num_rows, int head_dim,
                       const RowStates& states) {
  for (int row = 0; row < num_rows; row += kLanes) {
    const int count = num_rows - row < kLanes ? num_rows - row : kLanes;
    const __mmask16 rows = static_cast<__mmask16>((1u << count) - 1);
    const MergeWeights weights =
        MergeSums(_mm512_maskz_loadu_ps(rows, partial.max + row),
                  _mm512_maskz_loadu_ps(rows, partial.sum + row), count,
                  states.max + row, states.sum + row);
    for (int r = 0; r < count; ++r) {
      const int64_t first = int64_t{row + r} * head_dim;
      for (int d = 0; d < head_dim; d += kLanes) {
        MergeValues(_mm512_loadu_ps(partial.values + first + d),
                    weights.old_weight[r], weights.new_weight[r],
                    states.values + first + d);
      }
    }
  }
}

void FinishRowsAvx512(const RowStates& states, const OutputRows& rows) {
  const float* values = states.values;
  for (int i = 0; i < rows.num_queries; ++i) {
    float* output = rows.output + i * rows.stride;
    for (int j = 0; j < rows.group; ++j) {
      const __m512 sum = _mm512_set1_ps(states.sum[i * rows.group + j]);
      for (int d = 0; d < rows.head_dim; d += kLanes) {
        _mm512_storeu_ps(
            output, _mm512_add_ps(_mm512_div_ps(_mm512_loadu_ps(values), sum),
                                  _mm512_setzero_ps()));
        output += kLanes;
        values += kLanes;
      }
    }
  }
}

}  // namespace tessera::attention
