#include "libs/kernels/attention/attention.h"

#include <algorithm>
#include <cstring>

#include "libs/base/check.h"
#include "libs/kernels/attention/attention_reference.h"

namespace tessera::attention {
namespace {

using device::Range;
using device::Worker;

constexpr int64_t kAlignment = 64;

int64_t AlignUp(int64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

int64_t ReferenceWorkerBytes(const AttentionShape& shape) {
  return AlignUp(4 * ReferenceScratchFloats(
                         shape.head_dim, shape.num_heads / shape.num_kv_heads));
}

// Items are (query, kv head), queries of all sequences counted through.
void PagedAttentionReference(Worker& worker, const PagedAttentionArgs& args) {
  const KvLayer& kv = args.kv;
  const int group = args.num_heads / kv.num_kv_heads;
  const AttentionShape shape = {args.num_heads, kv.num_kv_heads, kv.head_dim};
  const int64_t worker_bytes = ReferenceWorkerBytes(shape);
  CHECK(static_cast<int64_t>(args.scratch.size()) >=
        worker_bytes * worker.size());
  int64_t num_queries = 0;
  for (const AttentionSequence& sequence : args.sequences) {
    num_queries += sequence.num_queries;
  }
  worker.ForEach(num_queries * kv.num_kv_heads, [&](int64_t item) {
    const int kv_head = static_cast<int>(item % kv.num_kv_heads);
    int64_t query = item / kv.num_kv_heads;
    const AttentionSequence* sequence = args.sequences.data();
    for (; query >= sequence->num_queries; ++sequence) {
      query -= sequence->num_queries;
    }
    const int64_t row = sequence->first_query + query;
    const int64_t position = sequence->first_position + query;
    ReferenceArgs head;
    head.blocks = {kv.head(0, kv_head), kv.block_stride_bytes,
                   sequence->block_table.data()};
    head.dtype = kv.dtype;
    head.head_dim = kv.head_dim;
    head.query = args.query + row * args.query_stride +
                 int64_t{kv_head} * group * kv.head_dim;
    head.num_rows = group;
    head.begin =
        args.window > 0 ? std::max<int64_t>(position + 1 - args.window, 0) : 0;
    head.end = position + 1;
    head.scale = args.scale;
    head.output =
        args.output +
        (row * args.num_heads + int64_t{kv_head} * group) * kv.head_dim;
    head.scratch = reinterpret_cast<float*>(args.scratch.data() +
                                            worker.rank() * worker_bytes);
    AttendReference(head);
  });
}

}  // namespace

void StoreKeysValues(device::KernelSet kernels, const KeyValueRows& rows,
                     absl::Span<const AttentionSequence> sequences,
                     Range tokens, int kv_head, const KvLayer& kv) {
  const int64_t column = int64_t{kv_head} * kv.head_dim;
  for (const AttentionSequence& sequence : sequences) {
    const int64_t begin = std::max(tokens.begin, sequence.first_query);
    const int64_t end =
        std::min(tokens.end, sequence.first_query + sequence.num_queries);
    for (int64_t row = begin; row < end; ++row) {
      const int64_t position =
          sequence.first_position + row - sequence.first_query;
      const int slot = static_cast<int>(position % kKvBlockTokens);
      uint8_t* head =
          kv.head(sequence.block_table[position / kKvBlockTokens], kv_head);
      if (slot == 0) std::memset(head, 0, KvHeadBytes(kv.dtype, kv.head_dim));
      StoreTokenReference(rows.key + row * rows.row_stride + column,
                          rows.value + row * rows.row_stride + column, kv.dtype,
                          kv.head_dim, slot, head);
    }
  }
}

int64_t PagedAttentionScratchBytes(const AttentionShape& shape, KvDType dtype,
                                   int num_workers, int64_t max_tokens,
                                   int64_t max_context) {
  return ReferenceWorkerBytes(shape) * num_workers;
}

void PagedAttention(Worker& worker, const PagedAttentionArgs& args) {
  DCHECK(ValidateAttentionShape(
             {args.num_heads, args.kv.num_kv_heads, args.kv.head_dim},
             args.kv.dtype)
             .ok());
  PagedAttentionReference(worker, args);
}

}  // namespace tessera::attention
