#include "libs/kernels/attention/packed_attention.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "libs/kernels/attention/attention.h"
#include "libs/kernels/attention/attention_batch.h"
#include "libs/kernels/attention/kernel_dispatch.h"
#include "libs/tensor/float16.h"

namespace tessera::attention {
namespace {

using device::KernelSet;
using device::Range;
using device::Worker;

constexpr int kB = kKvBlockTokens;
constexpr int64_t kAlignment = 64;

int64_t AlignUp(int64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

KvDType PackedDType(KernelSet kernels, int head_dim) {
  return IsFast(kernels, head_dim) ? KvDType::kBF16 : KvDType::kF32;
}

int Rows(const AttentionShape& shape) {
  return shape.num_heads * shape.head_dim;
}

// Blocks of T tokens in S documents, none of which shares one.
int64_t NumBlocks(int64_t num_tokens, int64_t num_sequences) {
  return num_tokens / kB + num_sequences;
}

// Its first block: documents of any lengths up to this one leave that many.
int64_t FirstBlock(absl::Span<const int32_t> cu_seqlens, int64_t sequence) {
  return cu_seqlens[sequence] / kB + sequence;
}

int64_t QueryCopyBytes(const AttentionShape& shape, DType dtype,
                       int64_t num_tokens) {
  return dtype == DType::kF32 ? 0 : AlignUp(4 * num_tokens * Rows(shape));
}

// `n` elements from `index` on as floats: where they stand, or in `copy`.
const float* Floats(const void* data, DType dtype, int64_t index, int n,
                    float* copy) {
  if (dtype == DType::kF32) return static_cast<const float*>(data) + index;
  const uint16_t* bits = static_cast<const uint16_t*>(data) + index;
  for (int i = 0; i < n; ++i) copy[i] = BFloat16ToFloat(bits[i]);
  return copy;
}

// Scratch: the blocks, a float copy of bf16 queries, the batch's scratch.
class Packing {
 public:
  Packing(const PackedAttentionArgs& args, KernelSet kernels)
      : args_(args),
        dtype_(PackedDType(kernels, args.shape.head_dim)),
        store_(StoreTokenFor(kernels, dtype_, args.shape.head_dim)),
        head_bytes_(AlignUp(KvHeadBytes(dtype_, args.shape.head_dim))),
        blocks_(args.scratch.data()) {
    const int64_t kv_bytes =
        NumBlocks(num_tokens(), num_sequences()) * block_bytes();
    const int64_t query_bytes =
        QueryCopyBytes(args.shape, args.dtype, num_tokens());
    CHECK(kv_bytes + query_bytes <= static_cast<int64_t>(args.scratch.size()))
        << "packed attention of " << num_tokens() << " tokens has "
        << args.scratch.size() << " bytes of scratch";
    query_copy_ = reinterpret_cast<float*>(blocks_ + kv_bytes);
    rest_ = args.scratch.subspan(kv_bytes + query_bytes);
  }

  int64_t num_sequences() const {
    return static_cast<int64_t>(args_.cu_seqlens.size()) - 1;
  }
  int64_t num_tokens() const { return args_.cu_seqlens.back(); }
  KvDType dtype() const { return dtype_; }
  int64_t head_bytes() const { return head_bytes_; }
  int64_t block_bytes() const { return args_.shape.num_kv_heads * head_bytes_; }
  absl::Span<uint8_t> rest() const { return rest_; }
  const float* query() const {
    return args_.dtype == DType::kF32 ? static_cast<const float*>(args_.query)
                                      : query_copy_;
  }

  SequenceView Sequence(int64_t index) const {
    const int64_t begin = args_.cu_seqlens[index];
    const int64_t length = args_.cu_seqlens[index + 1] - begin;
    return {begin,
            length,
            /*first_position=*/0,
            /*num_keys=*/length,
            blocks_ + FirstBlock(args_.cu_seqlens, index) * block_bytes(),
            /*block_table=*/nullptr};
  }

  // This worker's share of the blocks, and of the queries to be copied.
  void Pack(const Worker& worker) const {
    const Range blocks = worker.Share(NumBlocks(num_tokens(), num_sequences()));
    for (int64_t s = 0; s < num_sequences(); ++s) {
      const int64_t first = FirstBlock(args_.cu_seqlens, s);
      const int64_t end = FirstBlock(args_.cu_seqlens, s + 1);
      for (int64_t block = std::max(first, blocks.begin);
           block < std::min(end, blocks.end); ++block) {
        PackBlock(s, block - first, blocks_ + block * block_bytes());
      }
    }
    if (args_.dtype == DType::kF32) return;
    const int row = Rows(args_.shape);
    const Range tokens = worker.Share(num_tokens());
    for (int64_t t = tokens.begin; t < tokens.end; ++t) {
      Floats(args_.query, args_.dtype, t * row, row, query_copy_ + t * row);
    }
  }

 private:
  // Block `index` of a document; slots behind its end become zeros.
  void PackBlock(int64_t sequence, int64_t index, uint8_t* block) const {
    const AttentionShape& shape = args_.shape;
    const int64_t begin = args_.cu_seqlens[sequence] + index * kB;
    const int64_t end =
        std::min<int64_t>(begin + kB, args_.cu_seqlens[sequence + 1]);
    if (begin >= end) return;
    if (end < begin + kB) std::memset(block, 0, block_bytes());
    float key[kMaxHeadDim];
    float value[kMaxHeadDim];
    for (int g = 0; g < shape.num_kv_heads; ++g) {
      for (int64_t t = begin; t < end; ++t) {
        const int64_t at = (t * shape.num_kv_heads + g) * shape.head_dim;
        store_(Floats(args_.key, args_.dtype, at, shape.head_dim, key),
               Floats(args_.value, args_.dtype, at, shape.head_dim, value),
               shape.head_dim, static_cast<int>(t - begin),
               block + g * head_bytes_);
      }
    }
  }

  const PackedAttentionArgs& args_;
  const KvDType dtype_;
  const StoreToken store_;
  const int64_t head_bytes_;
  uint8_t* const blocks_;
  float* query_copy_ = nullptr;
  absl::Span<uint8_t> rest_;
};

}  // namespace

absl::Status ValidatePackedAttention(const PackedAttentionArgs& args) {
  RETURN_IF_ERROR(ValidateAttentionShape(args.shape, KvDType::kBF16));
  if (args.dtype != DType::kF32 && args.dtype != DType::kBF16) {
    return absl::InvalidArgumentError(
        absl::StrCat("dtype ", DTypeName(args.dtype), ": must be F32 or BF16"));
  }
  if (args.cu_seqlens.empty() || args.cu_seqlens[0] != 0) {
    return absl::InvalidArgumentError("cu_seqlens: must start with 0");
  }
  for (size_t i = 1; i < args.cu_seqlens.size(); ++i) {
    if (args.cu_seqlens[i] < args.cu_seqlens[i - 1]) {
      return absl::InvalidArgumentError(
          absl::StrCat("cu_seqlens[", i, "] ", args.cu_seqlens[i],
                       ": falls below ", args.cu_seqlens[i - 1]));
    }
  }
  return absl::OkStatus();
}

int64_t PackedAttentionScratchBytes(KernelSet kernels,
                                    const AttentionShape& shape, DType dtype,
                                    int num_workers, int64_t max_tokens,
                                    int64_t max_sequences) {
  const KvDType kv_dtype = PackedDType(kernels, shape.head_dim);
  return NumBlocks(max_tokens, max_sequences) * shape.num_kv_heads *
             AlignUp(KvHeadBytes(kv_dtype, shape.head_dim)) +
         QueryCopyBytes(shape, dtype, max_tokens) +
         BatchScratchBytes(
             ChunkKernelsFor(kernels, kv_dtype, shape.head_dim), shape,
             num_workers,
             std::min(max_tokens, PlanAttentionTile(shape).queries),
             max_tokens);
}

void PackedAttention(Worker& worker, const PackedAttentionArgs& args) {
  DCHECK(ValidatePackedAttention(args).ok());
  const Packing packing(args, worker.kernels());
  packing.Pack(worker);
  worker.Barrier();
  const auto sequence = [&](int64_t index) { return packing.Sequence(index); };
  AttentionBatch batch = {packing.num_sequences(), sequence, args.shape};
  batch.block_stride_bytes = packing.block_bytes();
  batch.head_stride_bytes = packing.head_bytes();
  batch.query = packing.query();
  batch.query_stride = Rows(args.shape);
  batch.scale = args.scale;
  batch.causal = args.causal;
  batch.output = args.output;
  batch.log_sum_exp = args.log_sum_exp;
  batch.max_tile_queries = PlanAttentionTile(args.shape).queries;
  AttendBatch(
      worker,
      ChunkKernelsFor(worker.kernels(), packing.dtype(), args.shape.head_dim),
      batch, packing.rest());
}

}  // namespace tessera::attention
