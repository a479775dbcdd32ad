#include "libs/model/forward_scratch.h"

#include <algorithm>

#include "libs/base/status_macros.h"
#include "libs/kernels/matmul/matmul.h"

namespace tessera::model {
namespace {

// Hands out 64-byte aligned pieces; the first walk, over no memory, only
// counts.
class Pieces {
 public:
  explicit Pieces(uint8_t* base) : base_(base) {}
  uint8_t* Bytes(int64_t num_bytes) {
    uint8_t* piece = base_ == nullptr ? nullptr : base_ + used_;
    used_ += (num_bytes + 63) / 64 * 64;
    return piece;
  }
  float* Floats(int64_t count) {
    return reinterpret_cast<float*>(Bytes(4 * count));
  }
  int64_t used() const { return used_; }

 private:
  uint8_t* base_;
  int64_t used_ = 0;
};

struct Sizes {
  int64_t max_tokens;
  int64_t input_bytes;    // activations of T tokens
  int64_t private_bytes;  // of kPrivateTokens
  int64_t attention_bytes;
  int num_workers;
};

int64_t Carve(const ModelConfig& config, const Sizes& sizes, uint8_t* base,
              ForwardScratch& scratch) {
  Pieces pieces(base);
  const int64_t t = sizes.max_tokens;
  const int64_t feed_forward_rows = (config.feed_forward_dim + 15) / 16 * 16;
  scratch.hidden = pieces.Floats(t * config.hidden_dim);
  scratch.gathered = pieces.Floats(t * config.hidden_dim);
  scratch.query_key_value =
      pieces.Floats(t * (config.query_dim() + 2 * config.key_value_dim()));
  scratch.attention = pieces.Floats(t * config.query_dim());
  const int64_t chunk = std::min(t, kernels::kMatmulChunkTokens);
  scratch.gate_up = pieces.Floats(chunk * 2 * feed_forward_rows);
  scratch.feed_forward = pieces.Floats(t * config.feed_forward_dim);
  scratch.cos = pieces.Floats(t * config.rope.rotary_dim / 2);
  scratch.sin = pieces.Floats(t * config.rope.rotary_dim / 2);
  scratch.activations = pieces.Bytes(sizes.input_bytes);
  scratch.attention_scratch = absl::MakeSpan(
      pieces.Bytes(sizes.attention_bytes), sizes.attention_bytes);
  scratch.privates.resize(sizes.num_workers);
  for (ForwardScratch::Private& own : scratch.privates) {
    own.normed = pieces.Floats(config.hidden_dim);
    own.activations = pieces.Bytes(sizes.private_bytes);
  }
  return pieces.used();
}

}  // namespace

absl::StatusOr<ForwardScratch> ForwardScratch::Allocate(
    const ModelConfig& config, const ModelWeights& weights,
    attention::KvDType kv_dtype, int num_workers, int64_t max_tokens,
    int64_t max_context) {
  kernels::ActivationKinds input_kinds =
      weights.logits_matrix(config).activation_kinds();
  for (const LayerWeights& layer : weights.layers) {
    input_kinds |= layer.query_key_value.activation_kinds() |
                   layer.attention_output.activation_kinds() |
                   layer.gate_up.activation_kinds() |
                   layer.down.activation_kinds();
  }
  const int64_t widest = std::max<int64_t>(
      {config.hidden_dim, config.query_dim(), config.feed_forward_dim});
  using kernels::Activations;
  const Sizes sizes = {
      .max_tokens = max_tokens,
      .input_bytes = Activations::ScratchBytes(input_kinds, max_tokens, widest),
      .private_bytes =
          Activations::ScratchBytes(input_kinds, kPrivateTokens, widest),
      .attention_bytes = attention::PagedAttentionScratchBytes(
          {config.num_heads, config.num_kv_heads, config.head_dim}, kv_dtype,
          num_workers, max_tokens, max_context),
      .num_workers = num_workers};
  ForwardScratch scratch;
  ASSIGN_OR_RETURN(scratch.memory, device::HugeBuffer::Allocate(
                                       Carve(config, sizes, nullptr, scratch)));
  Carve(config, sizes, scratch.memory.data(), scratch);
  return scratch;
}

}  // namespace tessera::model
