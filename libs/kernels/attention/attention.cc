#include "libs/kernels/attention/attention.h"

#include <algorithm>

#include "libs/base/check.h"
#include "libs/kernels/attention/attention_batch.h"
#include "libs/kernels/attention/chunk_kernels.h"
#include "libs/kernels/attention/store_keys_values.h"
#include "libs/kernels/attention/store_token.h"

namespace tessera::attention {
namespace {

using device::KernelSet;
using device::Range;
using device::Worker;

const ChunkKernels& ReferenceKernels(KvDType dtype) {
  switch (dtype) {
    case KvDType::kF32:
      return kReferenceF32Kernels;
    case KvDType::kBF16:
      return kReferenceBF16Kernels;
    case KvDType::kI8:
      return kReferenceI8Kernels;
  }
  return kReferenceF32Kernels;
}

const ChunkKernels& KernelsFor(KernelSet kernels, KvDType dtype, int head_dim) {
#if defined(__x86_64__)
  if (head_dim % 16 == 0 && kernels == KernelSet::kAvx2) {
    if (dtype == KvDType::kBF16) return kAvx2BF16Kernels;
    if (dtype == KvDType::kI8) return kAvx2I8Kernels;
  }
  if (head_dim % 16 == 0 && kernels == KernelSet::kAvx512) {
    if (dtype == KvDType::kBF16) return kAvx512BF16Kernels;
    if (dtype == KvDType::kI8) return kAvx512I8Kernels;
  }
#endif
  return ReferenceKernels(dtype);
}

StoreToken StoreTokenFor(KernelSet kernels, KvDType dtype, int head_dim) {
#if defined(__x86_64__)
  if (head_dim % 16 == 0 && kernels == KernelSet::kAvx2) {
    if (dtype == KvDType::kBF16) return StoreTokenBF16Avx2;
    if (dtype == KvDType::kI8) return StoreTokenI8Avx2;
  }
  if (head_dim % 16 == 0 && kernels == KernelSet::kAvx512) {
    if (dtype == KvDType::kBF16) return StoreTokenBF16Avx512;
    if (dtype == KvDType::kI8) return StoreTokenI8Avx512;
  }
#endif
  switch (dtype) {
    case KvDType::kF32:
      return StoreTokenF32Reference;
    case KvDType::kBF16:
      return StoreTokenBF16Reference;
    case KvDType::kI8:
      return StoreTokenI8Reference;
  }
  return StoreTokenF32Reference;
}

}  // namespace

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
  for (const KernelSet kernels :
       {KernelSet::kReference, KernelSet::kAvx2, KernelSet::kAvx512}) {
    num_bytes = std::max(
        num_bytes,
        BatchScratchBytes(KernelsFor(kernels, dtype, shape.head_dim), shape,
                          num_workers, std::min<int64_t>(max_tokens, 128),
                          max_context));
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
  batch.max_tile_queries = 128;
  AttendBatch(worker, KernelsFor(worker.kernels(), kv.dtype, kv.head_dim),
              batch, args.scratch);
}

}  // namespace tessera::attention
