// How a batch becomes tiles, and tiles become work of the team. The paged and
// the packed operation differ in where a sequence's blocks are, no more.
#pragma once

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "libs/device/worker_team.h"
#include "libs/kernels/attention/chunk_kernels.h"
#include "libs/kernels/attention/kv_layout.h"

namespace tessera::attention {

// Query i of a sequence sits at first_position + i among its keys.
struct SequenceView {
  int64_t first_query = 0;  // its row in the batch
  int64_t num_queries = 0;
  int64_t first_position = 0;
  int64_t num_keys = 0;
  const uint8_t* blocks = nullptr;       // head 0 of its block 0
  const int32_t* block_table = nullptr;  // null: block i is i
};

struct AttentionBatch {
  int64_t num_sequences = 0;
  absl::FunctionRef<SequenceView(int64_t)> sequence;
  AttentionShape shape;
  int64_t block_stride_bytes = 0;
  int64_t head_stride_bytes = 0;
  const float* query = nullptr;
  int64_t query_stride = 0;
  float scale = 1;
  bool causal = true;
  int64_t window = 0;
  float* output = nullptr;       // [T, H, D]
  float* log_sum_exp = nullptr;  // [T, H], or null
  int64_t max_tile_queries = 0;
};

// Scratch of a team for tiles of up to `tile_queries` and sequences of up to
// `max_context` keys.
int64_t BatchScratchBytes(const ChunkKernels& kernels,
                          const AttentionShape& shape, int num_workers,
                          int64_t tile_queries, int64_t max_context);

// Called by all workers; returns after a barrier.
void AttendBatch(device::Worker& worker, const ChunkKernels& kernels,
                 const AttentionBatch& batch, absl::Span<uint8_t> scratch);

}  // namespace tessera::attention
