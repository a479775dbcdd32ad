#include "tests/equivalence/synthetic_model.h"

#include <cmath>
#include <cstddef>
#include <functional>
#include <random>
#include <utility>

#include "absl/strings/match.h"
#include "libs/base/check.h"
#include "libs/tensor/quantize.h"
#include "libs/tensor/tensor_view.h"

namespace tessera::equivalence {
namespace {

model::ModelConfig BaseConfig() {
  model::ModelConfig config;
  config.architecture = "llama";
  config.num_layers = 2;
  config.hidden_dim = 64;
  config.feed_forward_dim = 96;
  config.num_heads = 6;
  config.num_kv_heads = 2;
  config.head_dim = 16;
  config.vocab_size = 90;
  config.context_len = 1024;
  config.rope = {.theta = 10000, .rotary_dim = 16};
  config.tied_output = true;
  return config;
}

SyntheticModel Variant(std::string name,
                       absl::FunctionRef<void(SyntheticModel&)> change) {
  SyntheticModel synthetic = {.name = std::move(name), .config = BaseConfig()};
  change(synthetic);
  return synthetic;
}

SyntheticModel OfTypes(DType type, attention::KvDType kv_dtype) {
  return Variant(std::string(DTypeName(type)), [&](SyntheticModel& m) {
    m.matrix_type = m.embedding_type = type;
    m.kv_dtype = kv_dtype;
    m.config.hidden_dim = m.config.feed_forward_dim = 256;
    m.config.num_heads = 4;  // 256 columns are a block of the K types
    m.config.head_dim = m.config.rope.rotary_dim = 64;
  });
}

// The tensors that a load asks for, made up as it does.
class Weights {
 public:
  explicit Weights(const SyntheticModel& synthetic) : synthetic_(synthetic) {}

  absl::StatusOr<TensorView> Find(const std::string& name);

 private:
  absl::StatusOr<TensorView> Vector(const std::string& name, int64_t size,
                                    float mean);
  absl::StatusOr<TensorView> Matrix(const std::string& name, DType dtype,
                                    int64_t rows, int64_t columns);

  const SyntheticModel& synthetic_;
  std::vector<std::unique_ptr<uint8_t[]>> data_;
};

std::vector<float> Normals(const std::string& name, int64_t size, float mean,
                           float deviation) {
  uint64_t seed = 0;
  for (const char c : name) seed = seed * 131 + c;
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(mean, deviation);
  std::vector<float> values(size);
  for (float& value : values) value = normal(random);
  return values;
}

absl::StatusOr<TensorView> Weights::Vector(const std::string& name,
                                           int64_t size, float mean) {
  data_.push_back(std::make_unique<uint8_t[]>(4 * size));
  QuantizeRow(DType::kF32, Normals(name, size, mean, 0.1f).data(), size,
              data_.back().get());
  return TensorView::Create(DType::kF32, {size}, data_.back().get());
}

absl::StatusOr<TensorView> Weights::Matrix(const std::string& name, DType dtype,
                                           int64_t rows, int64_t columns) {
  const int64_t row_bytes = *RowBytes(dtype, columns);
  const float deviation = 1.5f / std::sqrt(static_cast<float>(columns));
  data_.push_back(std::make_unique<uint8_t[]>(rows * row_bytes));
  const std::vector<float> values = Normals(name, rows * columns, 0, deviation);
  for (int64_t row = 0; row < rows; ++row) {
    QuantizeRow(dtype, values.data() + row * columns, columns,
                data_.back().get() + row * row_bytes);
  }
  return TensorView::Create(dtype, {rows, columns}, data_.back().get());
}

absl::StatusOr<TensorView> Weights::Find(const std::string& name) {
  const model::ModelConfig& config = synthetic_.config;
  const struct {
    std::string suffix;
    int64_t rows;
    int64_t columns;
  } matrices[] = {
      {"attn_q", config.query_dim(), config.hidden_dim},
      {"attn_k", config.key_value_dim(), config.hidden_dim},
      {"attn_v", config.key_value_dim(), config.hidden_dim},
      {"attn_output", config.hidden_dim, config.query_dim()},
      {"ffn_gate", config.feed_forward_dim, config.hidden_dim},
      {"ffn_up", config.feed_forward_dim, config.hidden_dim},
      {"ffn_down", config.hidden_dim, config.feed_forward_dim},
  };
  for (const auto& [suffix, rows, columns] : matrices) {
    if (absl::EndsWith(name, suffix + ".weight")) {
      return Matrix(name, synthetic_.matrix_type, rows, columns);
    }
    if (absl::EndsWith(name, suffix + ".bias") && synthetic_.biases &&
        rows != config.hidden_dim) {
      return Vector(name, rows, 0);
    }
  }
  if (absl::EndsWith(name, "_q_norm.weight") ||
      absl::EndsWith(name, "_k_norm.weight")) {
    return Vector(name, config.head_dim, 1);
  }
  if (absl::EndsWith(name, "norm.weight")) {
    return Vector(name, config.hidden_dim, 1);
  }
  if (name == "token_embd.weight" || name == "output.weight") {
    return Matrix(name, synthetic_.embedding_type, config.vocab_size,
                  config.hidden_dim);
  }
  return absl::NotFoundError(name);
}

}  // namespace

std::vector<SyntheticModel> SyntheticModels() {
  using attention::KvDType;
  std::vector<SyntheticModel> models;
  const auto add = [&](std::string name,
                       absl::FunctionRef<void(SyntheticModel&)> change) {
    models.push_back(Variant(std::move(name), change));
  };
  add("gqa", [](SyntheticModel& m) {});
  add("mha", [](SyntheticModel& m) { m.config.num_kv_heads = 6; });
  add("mqa", [](SyntheticModel& m) { m.config.num_kv_heads = 1; });
  add("qwen2", [](SyntheticModel& m) {
    m.config.architecture = "qwen2";
    m.biases = true;
    m.config.tied_output = false;
  });
  add("qwen3", [](SyntheticModel& m) {
    m.config.architecture = "qwen3";
    m.config.qk_norm = true;
  });
  add("window", [](SyntheticModel& m) {
    m.config.sliding_window = 37;
    m.config.interleaved_rope = true;
  });
  add("odd_sizes", [](SyntheticModel& m) {
    m.matrix_type = m.embedding_type = DType::kF32;
    m.config.hidden_dim = 50;
    m.config.feed_forward_dim = 83;
    m.config.num_heads = 5;
    m.config.num_kv_heads = 5;
    m.config.head_dim = 10;
    m.config.rope.rotary_dim = 6;
  });
  add("float_cache",
      [](SyntheticModel& m) { m.kv_dtype = attention::KvDType::kF32; });
  models.push_back(OfTypes(DType::kQ4_0, KvDType::kI8));
  models.push_back(OfTypes(DType::kQ8_0, KvDType::kBF16));
  models.push_back(OfTypes(DType::kQ5_1, KvDType::kI8));
  models.push_back(OfTypes(DType::kQ4_K, KvDType::kBF16));
  models.push_back(OfTypes(DType::kQ5_K, KvDType::kI8));
  models.push_back(OfTypes(DType::kQ6_K, KvDType::kBF16));
  models.push_back(OfTypes(DType::kBF16, KvDType::kBF16));
  models.push_back(OfTypes(DType::kF16, KvDType::kI8));
  return models;
}

std::unique_ptr<model::Model> Build(const SyntheticModel& synthetic,
                                    const device::WorkerTeamOptions& team,
                                    int64_t max_batch_tokens) {
  Weights weights(synthetic);
  absl::StatusOr<std::unique_ptr<model::Model>> model = model::Model::Create(
      synthetic.config,
      [&weights](const std::string& name) { return weights.Find(name); },
      {.team = team,
       .kv_dtype = synthetic.kv_dtype,
       .max_batch_tokens = max_batch_tokens});
  CHECK(model.ok()) << synthetic.name << ": " << model.status();
  return *std::move(model);
}

}  // namespace tessera::equivalence
