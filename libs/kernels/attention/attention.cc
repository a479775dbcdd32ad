#include "libs/kernels/attention/attention.h"

#include <algorithm>

#include "libs/base/check.h"
#include "libs/kernels/attention/attention_batch.h"
#include "libs/kernels/attention/kernel_dispatch.h"
#include "libs/kernels/attention/store_keys_values.h"

namespace tessera::attention {
namespace {

using device::KernelSet;
using device::Range;
using device::Worker;

constexpr int64_t kMaxTileQueries = 128;

// Elements of bf16 stand for all types: f32 and int8 caches plan alike.
int64_t TileQueries(const AttentionShape& shape, int64_t max_queries) {
  return std::min(max_queries, PlanAttentionTile(shape).queries);
}

}  // namespace

TilePlan PlanAttentionTile(const AttentionShape& shape) {
  TileRequest request;
  request.head_dim = shape.head_dim;
  request.group = shape.num_heads / shape.num_kv_heads;
  request.max_queries = kMaxTileQueries;
  request.max_keys = kChunkKeys;
  request.min_keys = kChunkKeys;
  return PlanTile(CpuTileDevice(device::HostCpuFeatures().l2_bytes), request);
}

void StoreKeysValues(KernelSet kernels, const KeyValueRows& rows,
                     absl::Span<const AttentionSequence> sequences,
                     Range tokens, int kv_head, const KvLayer& kv) {
  StoreTokens(StoreTokenFor(kernels, kv.dtype, kv.head_dim), rows, sequences,
              tokens, kv_head, kv);
}

int64_t PagedAttentionScratchBytes(const AttentionShape& shape, KvDType dtype,
                                   int num_workers, int64_t max_tokens,
                                   int64_t max_context) {
  int64_t num_bytes = 0;
  for (const KernelSet kernels : {KernelSet::kReference, KernelSet::kAvx2,
                                  KernelSet::kAvx512, KernelSet::kAmx}) {
    num_bytes =
        std::max(num_bytes,
                 BatchScratchBytes(
                     ChunkKernelsFor(kernels, dtype, shape.head_dim), shape,
                     num_workers, TileQueries(shape, max_tokens), max_context));
  }
  return num_bytes;
}

void PagedAttention(Worker& worker, const PagedAttentionArgs& args) {
  const KvLayer& kv = args.kv;
  const AttentionShape shape = {args.num_heads, kv.num_kv_heads, kv.head_dim};
  DCHECK(ValidateAttentionShape(shape, kv.dtype).ok());
  const auto sequence = [&](int64_t index) {
    const AttentionSequence& from = args.sequences[index];
    return SequenceView{from.first_query,
                        from.num_queries,
                        from.first_position,
                        from.first_position + from.num_queries,
                        kv.data,
                        from.block_table.data()};
  };
  AttentionBatch batch = {static_cast<int64_t>(args.sequences.size()), sequence,
                          shape};
  batch.block_stride_bytes = kv.block_stride_bytes;
  batch.head_stride_bytes = KvHeadBytes(kv.dtype, kv.head_dim);
  batch.query = args.query;
  batch.query_stride = args.query_stride;
  batch.scale = args.scale;
  batch.window = args.window;
  batch.output = args.output;
  batch.max_tile_queries = args.tile_queries > 0
                               ? TileQueries(shape, args.tile_queries)
                               : TileQueries(shape, kMaxTileQueries);
  AttendBatch(worker, ChunkKernelsFor(worker.kernels(), kv.dtype, kv.head_dim),
              batch, args.scratch);
}

}  // namespace tessera::attention
