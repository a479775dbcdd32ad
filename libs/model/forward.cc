#include "libs/model/forward.h"

#include <algorithm>
#include <cmath>

#include "libs/base/check.h"
#include "libs/kernels/matmul/matmul.h"
#include "libs/kernels/rms_norm/rms_norm.h"
#include "libs/kernels/rope/rope.h"
#include "libs/kernels/swiglu/swiglu.h"

namespace tessera::model {

using device::Range;
using device::Worker;
using kernels::Activations;
using kernels::PackedMatrix;

ForwardPass::ForwardPass(const ModelConfig& config, const ModelWeights& weights,
                         const kernels::RopeFrequencies& rope,
                         attention::KvDType kv_dtype, ForwardScratch& scratch,
                         absl::Span<const BatchSequence> sequences,
                         const KvBlocks& kv, float* logits,
                         ForwardProfile* profile)
    : config_(config),
      weights_(weights),
      rope_(rope),
      kv_dtype_(kv_dtype),
      scratch_(scratch),
      batch_(sequences),
      kv_(kv),
      logits_(logits),
      profile_(profile) {
  for (const BatchSequence& sequence : batch_) {
    const int num_queries = static_cast<int>(sequence.tokens.size());
    sequences_.push_back({.first_query = num_tokens_,
                          .num_queries = num_queries,
                          .first_position = sequence.first_position,
                          .block_table = sequence.block_table});
    for (int i = 0; i < num_queries; ++i) {
      tokens_.push_back(sequence.tokens[i]);
      positions_.push_back(static_cast<int32_t>(sequence.first_position + i));
      if (i >= num_queries - sequence.num_logits) {
        logit_rows_.push_back(num_tokens_ + i);
      }
    }
    AddPieces(sequences_.size() - 1);
    num_tokens_ += num_queries;
  }
}

void ForwardPass::AddPieces(size_t index) {
  const attention::AttentionSequence& sequence = sequences_[index];
  const int64_t end = sequence.first_query + sequence.num_queries;
  int64_t position = sequence.first_position;
  for (int64_t t = sequence.first_query; t < end;) {
    const int64_t left =
        attention::kKvBlockTokens - position % attention::kKvBlockTokens;
    const int64_t piece_end = std::min(t + left, end);
    pieces_.push_back({index, {t, piece_end}});
    position += piece_end - t;
    t = piece_end;
  }
}

void ForwardPass::Run(Worker& worker) {
  ProfileClock clock(worker.rank() == 0 ? profile_ : nullptr);
  Embed(worker);
  clock.Mark(ForwardOp::kEmbedding);
  Rows rows = AllRows();
  for (int layer = 0; layer < config_.num_layers; ++layer) {
    Attention(worker, layer, clock);
    if (layer == config_.num_layers - 1) rows = LogitRows(worker);
    if (rows.count == 0) return;
    AttentionOutput(worker, layer, rows, clock);
    FeedForward(worker, layer, rows, clock);
  }
  Logits(worker, rows);
  clock.Mark(ForwardOp::kLogits);
}

ForwardPass::Rows ForwardPass::AllRows() const {
  return {scratch_.hidden, scratch_.attention, num_tokens_};
}

// Gathered; the attended ones where queries, keys and values no longer are.
ForwardPass::Rows ForwardPass::LogitRows(Worker& worker) {
  const int64_t count = logit_rows_.size();
  if (count == num_tokens_) return AllRows();
  const int64_t hidden_dim = config_.hidden_dim;
  const int64_t query_dim = config_.query_dim();
  const Range share = worker.Share(count);
  for (int64_t i = share.begin; i < share.end; ++i) {
    std::copy_n(scratch_.hidden + logit_rows_[i] * hidden_dim, hidden_dim,
                scratch_.gathered + i * hidden_dim);
    std::copy_n(scratch_.attention + logit_rows_[i] * query_dim, query_dim,
                scratch_.query_key_value + i * query_dim);
  }
  worker.Barrier();
  return {scratch_.gathered, scratch_.query_key_value, count};
}

void ForwardPass::Embed(Worker& worker) {
  const Range tokens = worker.Share(num_tokens_);
  for (int64_t t = tokens.begin; t < tokens.end; ++t) {
    weights_.embedding.DequantizeRow(tokens_[t],
                                     scratch_.hidden + t * config_.hidden_dim);
  }
  const int64_t pairs = rope_.rotary_dim() / 2;
  rope_.ComputeCosSin(
      absl::MakeConstSpan(positions_).subspan(tokens.begin, tokens.size()),
      scratch_.cos + tokens.begin * pairs, scratch_.sin + tokens.begin * pairs);
  worker.Barrier();
}

Activations ForwardPass::Input(Worker& worker, const float* rows,
                               int64_t num_rows, const std::vector<float>* norm,
                               const PackedMatrix& matrix) {
  const bool is_private = num_rows <= kPrivateTokens;
  const ForwardScratch::Private& own = scratch_.privates[worker.rank()];
  const int64_t columns = matrix.num_columns();
  const Activations input(worker.kernels(), matrix.activation_kinds(), num_rows,
                          columns,
                          is_private ? own.activations : scratch_.activations);
  // Whole tiles: their tokens share cache lines.
  const Range share = is_private
                          ? Range{0, num_rows}
                          : worker.Share(num_rows, kernels::kMostTileTokens);
  // Row by row, so that what is normalized is packed while it is in the L1.
  for (int64_t i = share.begin; i < share.end; ++i) {
    const float* row = rows + i * columns;
    if (norm != nullptr) {
      kernels::RmsNorm(worker.kernels(), {.input = row,
                                          .input_stride = columns,
                                          .weight = norm->data(),
                                          .epsilon = config_.rms_norm_epsilon,
                                          .output = own.normed,
                                          .output_stride = columns,
                                          .num_rows = 1,
                                          .dim = columns});
      row = own.normed;
    }
    input.Pack(row, columns, i, i + 1);
  }
  if (!is_private) worker.Barrier();
  return input;
}

void ForwardPass::Multiply(Worker& worker, const Activations& input,
                           const PackedMatrix& matrix,
                           const std::vector<float>* bias, bool accumulate,
                           float* output) {
  const absl::Status status = kernels::Matmul(
      input, matrix, worker.Share(matrix.num_rows(), kernels::kPanelRows),
      {.data = output,
       .stride = matrix.num_rows(),
       .bias = bias == nullptr || bias->empty() ? nullptr : bias->data(),
       .accumulate = accumulate});
  CHECK(status.ok()) << status;  // LoadWeights checked every shape
}

attention::KvLayer ForwardPass::Kv(int layer) const {
  const int64_t layer_bytes =
      attention::KvHeadBytes(kv_dtype_, config_.head_dim) *
      config_.num_kv_heads;
  return {.data = kv_.data + layer * layer_bytes,
          .block_stride_bytes = kv_.block_bytes,
          .dtype = kv_dtype_,
          .num_kv_heads = config_.num_kv_heads,
          .head_dim = config_.head_dim};
}

void ForwardPass::Attention(Worker& worker, int index, ProfileClock& clock) {
  const LayerWeights& layer = weights_.layers[index];
  const Activations input = Input(worker, scratch_.hidden, num_tokens_,
                                  &layer.attention_norm, layer.query_key_value);
  clock.Mark(ForwardOp::kNorm);
  Multiply(worker, input, layer.query_key_value, &layer.query_key_value_bias,
           /*accumulate=*/false, scratch_.query_key_value);
  worker.Barrier();
  clock.Mark(ForwardOp::kQueryKeyValue);
  RotateAndStore(worker, index);
  worker.Barrier();
  clock.Mark(ForwardOp::kRotateAndStore);
  attention::PagedAttention(
      worker, {.query = scratch_.query_key_value,
               .query_stride = layer.query_key_value.num_rows(),
               .num_heads = config_.num_heads,
               .sequences = sequences_,
               .kv = Kv(index),
               .scale = 1.0f / std::sqrt(static_cast<float>(config_.head_dim)),
               .window = config_.WindowOf(index),
               .output = scratch_.attention,
               .scratch = scratch_.attention_scratch});
  clock.Mark(ForwardOp::kAttention);
}

void ForwardPass::AttentionOutput(Worker& worker, int index, const Rows& rows,
                                  ProfileClock& clock) {
  const LayerWeights& layer = weights_.layers[index];
  const Activations attended = Input(worker, rows.attended, rows.count,
                                     /*norm=*/nullptr, layer.attention_output);
  Multiply(worker, attended, layer.attention_output,
           &layer.attention_output_bias, /*accumulate=*/true, rows.hidden);
  worker.Barrier();
  clock.Mark(ForwardOp::kAttentionOutput);
}

// Work is shared by token and key/value head: a head's queries, its key, its
// value.
void ForwardPass::RotateAndStore(Worker& worker, int index) {
  const LayerWeights& layer = weights_.layers[index];
  const attention::KvLayer kv = Kv(index);
  const int64_t dim = config_.head_dim;
  const int64_t stride = layer.query_key_value.num_rows();
  const int64_t pairs = rope_.rotary_dim() / 2;
  const int64_t group = config_.num_heads / config_.num_kv_heads;
  const auto prepare = [&](float* heads, int64_t num_heads, int64_t token,
                           const std::vector<float>& norm) {
    if (!norm.empty()) {
      kernels::RmsNorm(worker.kernels(), {.input = heads,
                                          .input_stride = dim,
                                          .weight = norm.data(),
                                          .epsilon = config_.rms_norm_epsilon,
                                          .output = heads,
                                          .output_stride = dim,
                                          .num_rows = num_heads,
                                          .dim = dim});
    }
    kernels::Rotate(worker.kernels(), {.heads = heads,
                                       .num_heads = num_heads,
                                       .head_dim = dim,
                                       .rotary_dim = 2 * pairs,
                                       .cos = scratch_.cos + token * pairs,
                                       .sin = scratch_.sin + token * pairs});
  };
  float* keys = scratch_.query_key_value + config_.query_dim();
  float* values = keys + config_.key_value_dim();
  const int64_t num_pieces = pieces_.size();
  const Range items = worker.Share(num_pieces * config_.num_kv_heads);
  for (int64_t item = items.begin; item < items.end; ++item) {
    const int64_t head = item / num_pieces;
    const Piece& piece = pieces_[item % num_pieces];
    for (int64_t t = piece.tokens.begin; t < piece.tokens.end; ++t) {
      prepare(scratch_.query_key_value + t * stride + head * group * dim, group,
              t, layer.query_norm);
      prepare(keys + t * stride + head * dim, 1, t, layer.key_norm);
    }
    attention::StoreKeysValues(
        worker.kernels(), {.key = keys, .value = values, .row_stride = stride},
        absl::MakeConstSpan(&sequences_[piece.sequence], 1), piece.tokens,
        static_cast<int>(head), kv);
  }
}

// The gate_up scratch's first rows, columns `rows`, are those of `tokens`.
void ForwardPass::Activate(Worker& worker, Range rows, Range tokens) {
  const int64_t dim = config_.feed_forward_dim;
  const Range columns = {rows.begin / 2, std::min(rows.end / 2, dim)};
  if (columns.size() <= 0) return;
  kernels::SwiGlu(
      worker.kernels(),
      {.input = scratch_.gate_up + rows.begin,
       .input_stride = (dim + 15) / 16 * 32,
       .output = scratch_.feed_forward + tokens.begin * dim + columns.begin,
       .output_stride = dim,
       .num_rows = tokens.size(),
       .num_columns = columns.size()});
}

void ForwardPass::FeedForward(Worker& worker, int index, const Rows& rows,
                              ProfileClock& clock) {
  const LayerWeights& layer = weights_.layers[index];
  const Activations input = Input(worker, rows.hidden, rows.count,
                                  &layer.feed_forward_norm, layer.gate_up);
  clock.Mark(ForwardOp::kNorm);
  // Whoever computed columns multiplies them with nobody to wait for: panels of
  // gate and up alternate.
  const int64_t stride = layer.gate_up.num_rows();
  const Range share = worker.Share(stride, 2 * kernels::kPanelRows);
  // Chunk by chunk, so that what one step wrote is in the L2 for the next.
  for (int64_t t = 0; t < rows.count; t += kernels::kMatmulChunkTokens) {
    const Range tokens = {
        t, std::min(t + kernels::kMatmulChunkTokens, rows.count)};
    const absl::Status status =
        kernels::Matmul(input, layer.gate_up, share, tokens,
                        {.data = scratch_.gate_up, .stride = stride});
    CHECK(status.ok()) << status;
    Activate(worker, share, tokens);
  }
  worker.Barrier();
  clock.Mark(ForwardOp::kGateUp);
  const Activations hidden = Input(worker, scratch_.feed_forward, rows.count,
                                   /*norm=*/nullptr, layer.down);
  Multiply(worker, hidden, layer.down, /*bias=*/nullptr, /*accumulate=*/true,
           rows.hidden);
  worker.Barrier();
  clock.Mark(ForwardOp::kDown);
}

void ForwardPass::Logits(Worker& worker, const Rows& rows) {
  const PackedMatrix& matrix = weights_.logits_matrix(config_);
  const Activations input =
      Input(worker, rows.hidden, rows.count, &weights_.output_norm, matrix);
  Multiply(worker, input, matrix, /*bias=*/nullptr, /*accumulate=*/false,
           logits_);
  worker.Barrier();
}

}  // namespace tessera::model
