// Flash attention over a paged cache, or over packed contiguous sequences.
//
//   output[t,h] = sum_k softmax_k(scale * query[t,h] . key[k,g]) value[k,g],
//   g = h / (H / G),  k over the keys visible to t
//
// T num_tokens of a ragged batch, H num_heads, G num_kv_heads, D head_dim.
//
// The invariant: an output's bits depend only on its own query, its position
// and the keys and values visible to it; not on what shares its batch, how its
// prompt was cut into chunks, tile sizes or the number of workers. Keys are cut
// into chunks of kChunkKeys at absolute positions. A chunk's maximum, sum and
// weighted values are computed from zero by the same operations whatever the
// tile, and merged in key order. A masked key's probability is an exact 0, so a
// key that is masked or not computed at all is the same; prefill, a chunk
// against a cache, drafts and decode are one algorithm. Decode spreads chunks
// over workers and merges them afterwards, in the same order.
//
// Fast kernels (AVX-512 with BF16, AVX2) exist for D a multiple of 16 and
// caches in bf16 and int8; the rest takes the reference, as f32 always does.
// Source: Dao et al. 2022; 2023 (split over keys). Online softmax: Milakov and
// Gimelshein 2018.
#pragma once

#include <cstdint>

#include "absl/types/span.h"
#include "libs/device/cpu_features.h"
#include "libs/device/worker_team.h"
#include "libs/kernels/attention/attention_sequence.h"
#include "libs/kernels/attention/kv_layout.h"
#include "libs/kernels/attention/tile_planner.h"

namespace tessera::attention {

// Writes keys (rotated) and values of the batch rows `tokens`, one head, into
// their blocks. No barrier inside: workers share tokens and heads as they
// please, each (token, head) stored by one of them. The same bits in every
// kernel set.
//
// The last token of a sequence brings zeros for the rest of its block, if the
// block was begun by this batch: a recycled block needs no preparation.
void StoreKeysValues(device::KernelSet kernels, const KeyValueRows& rows,
                     absl::Span<const AttentionSequence> sequences,
                     device::Range tokens, int kv_head, const KvLayer& kv);

// The tile that this processor's L2 cache allows. On a CPU keys come in whole
// chunks. Short batches are cut finer, that every worker gets a part.
TilePlan PlanAttentionTile(const AttentionShape& shape);

// Bytes of scratch that serve every batch of up to `max_tokens` tokens whose
// positions stay below `max_context`, for that many workers. More parallel
// slack than it gives is not used: less scratch never changes a result.
int64_t PagedAttentionScratchBytes(const AttentionShape& shape, KvDType dtype,
                                   int num_workers, int64_t max_tokens,
                                   int64_t max_context);

//   query   [T, query_stride] f32  head h of row t at t * query_stride + h * D
//   output  [T, H * D]        f32  rows of the batch overwritten; no alias
struct PagedAttentionArgs {
  const float* query = nullptr;
  int64_t query_stride = 0;
  int num_heads = 0;
  absl::Span<const AttentionSequence> sequences;
  KvLayer kv;          // holds the batch's own keys and values too
  float scale = 1;     // of scores; usually 1 / sqrt(D)
  int64_t window = 0;  // > 0: a key is visible iff query - key < window
  float* output = nullptr;
  absl::Span<uint8_t> scratch;  // 64-byte aligned
  int64_t tile_queries = 0;     // fewer than planned; 0: as planned
};

// Called by all workers, after a barrier since the keys were stored; returns
// after a barrier.
void PagedAttention(device::Worker& worker, const PagedAttentionArgs& args);

}  // namespace tessera::attention
