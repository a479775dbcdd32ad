#include "libs/model/random_model.h"

#include <cmath>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/tensor/quantize.h"

namespace tessera::model {

ModelConfig SmallConfig() {
  ModelConfig config;
  config.architecture = "llama";
  config.num_layers = 2;
  config.hidden_dim = 256;
  config.feed_forward_dim = 512;
  config.num_heads = 8;
  config.num_kv_heads = 2;
  config.head_dim = 32;
  config.vocab_size = 300;
  config.context_len = 2048;
  config.rope.rotary_dim = 32;
  config.tied_output = true;
  return config;
}

RandomTensors::RandomTensors(const ModelConfig& config, DType dtype,
                             uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  const auto add = [&](const std::string& name, DType type, Shape shape,
                       float mean, float size) {
    int64_t count = 1;
    for (const int64_t dim : shape) count *= dim;
    std::vector<float> values(count);
    for (float& value : values) value = mean + size * normal(random);
    Tensor tensor = {type, shape, {}};
    tensor.bytes.resize(*TensorView::NumBytes(type, shape));
    const int64_t columns = shape.back();
    const int64_t row_bytes = *RowBytes(type, columns);
    for (int64_t row = 0; row < count / columns; ++row) {
      QuantizeRow(type, &values[row * columns], columns,
                  &tensor.bytes[row * row_bytes]);
    }
    tensors_[name] = std::move(tensor);
  };
  const auto matrix = [&](const std::string& name, int64_t rows,
                          int64_t columns) {
    add(name, dtype, {rows, columns}, 0,
        1 / std::sqrt(static_cast<float>(columns)));
  };
  const auto norm = [&](const std::string& name, int64_t size) {
    add(name, DType::kF32, {size}, 1, 0.1f);
  };
  matrix("token_embd.weight", config.vocab_size, config.hidden_dim);
  norm("output_norm.weight", config.hidden_dim);
  if (!config.tied_output) {
    matrix("output.weight", config.vocab_size, config.hidden_dim);
  }
  for (int i = 0; i < config.num_layers; ++i) {
    const std::string prefix = absl::StrCat("blk.", i, ".");
    norm(prefix + "attn_norm.weight", config.hidden_dim);
    norm(prefix + "ffn_norm.weight", config.hidden_dim);
    if (config.qk_norm) {
      norm(prefix + "attn_q_norm.weight", config.head_dim);
      norm(prefix + "attn_k_norm.weight", config.head_dim);
    }
    if (config.architecture == "qwen2") {
      add(prefix + "attn_q.bias", DType::kF32, {config.query_dim()}, 0, 1);
      add(prefix + "attn_k.bias", DType::kF32, {config.key_value_dim()}, 0, 1);
      add(prefix + "attn_v.bias", DType::kF32, {config.key_value_dim()}, 0, 1);
    }
    matrix(prefix + "attn_q.weight", config.query_dim(), config.hidden_dim);
    matrix(prefix + "attn_k.weight", config.key_value_dim(), config.hidden_dim);
    matrix(prefix + "attn_v.weight", config.key_value_dim(), config.hidden_dim);
    matrix(prefix + "attn_output.weight", config.hidden_dim,
           config.query_dim());
    matrix(prefix + "ffn_gate.weight", config.feed_forward_dim,
           config.hidden_dim);
    matrix(prefix + "ffn_up.weight", config.feed_forward_dim,
           config.hidden_dim);
    matrix(prefix + "ffn_down.weight", config.hidden_dim,
           config.feed_forward_dim);
  }
}

TensorLookup RandomTensors::Lookup() const {
  return [this](const std::string& name) -> absl::StatusOr<TensorView> {
    const auto it = tensors_.find(name);
    if (it == tensors_.end()) {
      return absl::NotFoundError(absl::StrCat("no tensor ", name));
    }
    return TensorView::Create(it->second.dtype, it->second.shape,
                              it->second.bytes.data());
  };
}

}  // namespace tessera::model
