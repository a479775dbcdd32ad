#include "libs/model/weights.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "libs/base/status_macros.h"
#include "libs/tensor/dequantize.h"

namespace tessera::model {
namespace {

using kernels::ActivationKind;
using kernels::PackedMatrix;
using kernels::SourceRow;

// What the inputs of integer matrices are rounded to, by role. On SmolLM2
// (Q4_1, 8,192 tokens of prose) the KL divergence from float activations is,
// all in int8 by blocks of 32, 0.0026, of which the logits' matrix causes
// 0.0009, gate and up 0.0007, query, key and value 0.0006, down 0.0004,
// attention's output 0.0001. Halves of 16 columns divide a matrix's part by
// two, int12 leaves nothing of it (0.00005 in all): int12 where it costs least
// (the logits of a prompt's last token alone; 16% of a layer's weights), 0.0007
// in all; attention's output besides, a tenth of a layer's weights. On AMX
// tiles it costs nothing: all int12, 0.00013 (there a scale a row is cheaper
// than one a block; workers pack their own columns of down's input, before the
// row's could be known).
enum class Role { kAttention, kDown, kLogits, kOther };

ActivationKind InputKind(Role role, device::KernelSet kernels) {
  if (role == Role::kAttention || role == Role::kLogits) {
    return ActivationKind::kInt12;
  }
  if (kernels != device::KernelSet::kAmx) return ActivationKind::kInt8;
  return ActivationKind::kInt12;
}

// Reads one model's tensors; matrices are planned at once and packed at the
// end.
class Loader {
 public:
  Loader(const ModelConfig& config, const TensorLookup& lookup,
         device::WorkerTeam& team, const LoadProgress& progress)
      : config_(config), lookup_(lookup), team_(team), progress_(progress) {}

  absl::StatusOr<ModelWeights> Load();

 private:
  absl::Status PlanLayer(int index, LayerWeights& layer);
  absl::Status PlanQueryKeyValue(const std::string& prefix,
                                 LayerWeights& layer);
  absl::Status PlanGateUp(const std::string& prefix, LayerWeights& layer);

  absl::StatusOr<TensorView> Tensor(const std::string& name,
                                    const Shape& shape) const;
  absl::StatusOr<std::vector<float>> Vector(const std::string& name,
                                            int64_t size) const;
  // Empty where the file has no such tensor.
  absl::StatusOr<std::vector<float>> OptionalVector(const std::string& name,
                                                    int64_t size) const;
  absl::StatusOr<std::vector<SourceRow>> Rows(const std::string& name,
                                              int64_t rows,
                                              int64_t columns) const;
  absl::Status Plan(const std::string& name, std::vector<SourceRow> rows,
                    int64_t columns, Role role, PackedMatrix& matrix);
  absl::Status PlanTensor(const std::string& name, int64_t rows,
                          int64_t columns, Role role, PackedMatrix& matrix);
  absl::Status PackAll(device::HugeBuffer& memory);

  const ModelConfig& config_;
  const TensorLookup& lookup_;
  device::WorkerTeam& team_;
  const LoadProgress& progress_;
  struct Planned {
    std::string name;
    PackedMatrix* matrix;
  };
  std::vector<Planned> planned_;
};

absl::Status NotMatrixType(const std::string& name, DType dtype) {
  return absl::InvalidArgumentError(absl::StrCat("tensor ", name, " has type ",
                                                 DTypeName(dtype),
                                                 ", not a weight's type"));
}

absl::StatusOr<TensorView> Loader::Tensor(const std::string& name,
                                          const Shape& shape) const {
  ASSIGN_OR_RETURN(const TensorView view, lookup_(name));
  if (view.shape() != shape) {
    return absl::InvalidArgumentError(
        absl::StrCat("tensor ", name, " has shape ", ShapeString(view.shape()),
                     ": must be ", ShapeString(shape)));
  }
  if (view.dtype() == DType::kI8 || view.dtype() == DType::kI32) {
    return NotMatrixType(name, view.dtype());
  }
  return view;
}

absl::StatusOr<std::vector<float>> Loader::Vector(const std::string& name,
                                                  int64_t size) const {
  ASSIGN_OR_RETURN(const TensorView view, Tensor(name, {size}));
  std::vector<float> values(size);
  DequantizeRow(view.dtype(), view.data(), size, values.data());
  for (int64_t i = 0; i < size; ++i) {
    if (!std::isfinite(values[i])) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor ", name, ": element ", i, " is ", values[i]));
    }
  }
  return values;
}

absl::StatusOr<std::vector<float>> Loader::OptionalVector(
    const std::string& name, int64_t size) const {
  absl::StatusOr<std::vector<float>> values = Vector(name, size);
  if (absl::IsNotFound(values.status())) return std::vector<float>();
  return values;
}

absl::StatusOr<std::vector<SourceRow>> Loader::Rows(const std::string& name,
                                                    int64_t rows,
                                                    int64_t columns) const {
  ASSIGN_OR_RETURN(const TensorView view, Tensor(name, {rows, columns}));
  std::vector<SourceRow> result(rows);
  for (int64_t row = 0; row < rows; ++row) {
    result[row] = {view.row(row), view.dtype()};
  }
  return result;
}

absl::Status Loader::Plan(const std::string& name, std::vector<SourceRow> rows,
                          int64_t columns, Role role, PackedMatrix& matrix) {
  absl::StatusOr<PackedMatrix> plan =
      PackedMatrix::Plan(std::move(rows), columns, team_.kernels(),
                         InputKind(role, team_.kernels()));
  if (!plan.ok()) return Annotate(plan.status(), absl::StrCat("tensor ", name));
  matrix = *std::move(plan);
  planned_.push_back({name, &matrix});
  return absl::OkStatus();
}

absl::Status Loader::PlanTensor(const std::string& name, int64_t rows,
                                int64_t columns, Role role,
                                PackedMatrix& matrix) {
  ASSIGN_OR_RETURN(std::vector<SourceRow> sources, Rows(name, rows, columns));
  return Plan(name, std::move(sources), columns, role, matrix);
}

// GGUF's llama files pair neighbours for RoPE: row 2i + half of a head is row
// half * D/2 + i of Hugging Face's, which is the order that we compute in.
template <typename T>
void ToRotateHalf(std::vector<T>& rows, int64_t head_dim) {
  std::vector<T> head(head_dim);
  for (size_t first = 0; first < rows.size(); first += head_dim) {
    for (int64_t i = 0; i < head_dim / 2; ++i) {
      head[i] = rows[first + 2 * i];
      head[head_dim / 2 + i] = rows[first + 2 * i + 1];
    }
    std::copy(head.begin(), head.end(), rows.begin() + first);
  }
}

absl::Status Loader::PlanQueryKeyValue(const std::string& prefix,
                                       LayerWeights& layer) {
  std::vector<SourceRow> rows;
  std::vector<float>& biases = layer.query_key_value_bias;
  for (const char* part : {"attn_q", "attn_k", "attn_v"}) {
    const bool rotated = part[5] != 'v';
    const int64_t size =
        part[5] == 'q' ? config_.query_dim() : config_.key_value_dim();
    const std::string name = absl::StrCat(prefix, part);
    ASSIGN_OR_RETURN(std::vector<SourceRow> part_rows,
                     Rows(name + ".weight", size, config_.hidden_dim));
    ASSIGN_OR_RETURN(std::vector<float> bias,
                     OptionalVector(name + ".bias", size));
    if (!biases.empty() || !bias.empty()) {
      biases.resize(rows.size());  // zeros for parts without
      bias.resize(size);
    }
    if (rotated && config_.interleaved_rope) {
      ToRotateHalf(part_rows, config_.head_dim);
      ToRotateHalf(bias, config_.head_dim);
    }
    rows.insert(rows.end(), part_rows.begin(), part_rows.end());
    biases.insert(biases.end(), bias.begin(), bias.end());
  }
  return Plan(prefix + "attn_{q,k,v}.weight", std::move(rows),
              config_.hidden_dim, Role::kAttention, layer.query_key_value);
}

absl::Status Loader::PlanGateUp(const std::string& prefix,
                                LayerWeights& layer) {
  const int64_t columns = config_.feed_forward_dim;
  ASSIGN_OR_RETURN(
      const std::vector<SourceRow> gate,
      Rows(prefix + "ffn_gate.weight", columns, config_.hidden_dim));
  ASSIGN_OR_RETURN(const std::vector<SourceRow> up,
                   Rows(prefix + "ffn_up.weight", columns, config_.hidden_dim));
  std::vector<SourceRow> rows;
  for (int64_t first = 0; first < columns; first += kernels::kPanelRows) {
    for (const std::vector<SourceRow>* source : {&gate, &up}) {
      for (int64_t row = first; row < first + kernels::kPanelRows; ++row) {
        const SourceRow padding = {nullptr, (*source)[0].dtype};
        rows.push_back(row < columns ? (*source)[row] : padding);
      }
    }
  }
  return Plan(prefix + "ffn_{gate,up}.weight", std::move(rows),
              config_.hidden_dim, Role::kOther, layer.gate_up);
}

absl::Status Loader::PlanLayer(int index, LayerWeights& layer) {
  const std::string prefix = absl::StrCat("blk.", index, ".");
  const int64_t hidden = config_.hidden_dim;
  ASSIGN_OR_RETURN(layer.attention_norm,
                   Vector(prefix + "attn_norm.weight", hidden));
  ASSIGN_OR_RETURN(layer.feed_forward_norm,
                   Vector(prefix + "ffn_norm.weight", hidden));
  if (config_.qk_norm) {
    ASSIGN_OR_RETURN(layer.query_norm,
                     Vector(prefix + "attn_q_norm.weight", config_.head_dim));
    ASSIGN_OR_RETURN(layer.key_norm,
                     Vector(prefix + "attn_k_norm.weight", config_.head_dim));
  }
  RETURN_IF_ERROR(PlanQueryKeyValue(prefix, layer));
  RETURN_IF_ERROR(PlanTensor(prefix + "attn_output.weight", hidden,
                             config_.query_dim(), Role::kAttention,
                             layer.attention_output));
  ASSIGN_OR_RETURN(layer.attention_output_bias,
                   OptionalVector(prefix + "attn_output.bias", hidden));
  RETURN_IF_ERROR(PlanGateUp(prefix, layer));
  return PlanTensor(prefix + "ffn_down.weight", hidden,
                    config_.feed_forward_dim, Role::kDown, layer.down);
}

// Panels are independent: all workers pack them, in stretches long enough that
// handing them out costs nothing.
absl::Status Loader::PackAll(device::HugeBuffer& memory) {
  constexpr int64_t kStretch = 16;
  struct Stretch {
    const Planned* planned;
    int64_t first_panel;
  };
  std::vector<Stretch> stretches;
  int64_t num_bytes = 0;
  for (const Planned& planned : planned_) {
    num_bytes += planned.matrix->num_bytes();
    for (int64_t panel = 0; panel < planned.matrix->num_panels();
         panel += kStretch) {
      stretches.push_back({&planned, panel});
    }
  }
  ASSIGN_OR_RETURN(memory, device::HugeBuffer::Allocate(num_bytes));
  uint8_t* next = memory.data();
  for (const Planned& planned : planned_) {
    planned.matrix->set_memory(next);
    next += planned.matrix->num_bytes();
  }
  std::mutex mutex;  // guards the following
  absl::Status result;
  int64_t num_packed = 0;
  int percent = 0;
  const auto packed_one = [&] {
    const std::lock_guard<std::mutex> lock(mutex);
    ++num_packed;
    while (percent <
           num_packed * 100 / static_cast<int64_t>(stretches.size())) {
      ++percent;
      if (progress_) progress_(percent);
    }
  };
  team_.Run([&](device::Worker& worker) {
    worker.ForEach(stretches.size(), [&](int64_t i) {
      PackedMatrix& matrix = *stretches[i].planned->matrix;
      const int64_t end =
          std::min(stretches[i].first_panel + kStretch, matrix.num_panels());
      for (int64_t p = stretches[i].first_panel; p < end; ++p) {
        const absl::Status status = matrix.PackPanel(p);
        if (status.ok()) continue;
        const std::lock_guard<std::mutex> lock(mutex);
        if (result.ok()) {
          result = Annotate(
              status, absl::StrCat("tensor ", stretches[i].planned->name));
        }
      }
      packed_one();
    });
  });
  for (const Planned& planned : planned_) planned.matrix->FinishPacking();
  return result;
}

absl::StatusOr<ModelWeights> Loader::Load() {
  ModelWeights weights;
  const int64_t hidden = config_.hidden_dim;
  weights.layers.resize(config_.num_layers);  // matrices keep their addresses
  RETURN_IF_ERROR(PlanTensor("token_embd.weight", config_.vocab_size, hidden,
                             Role::kLogits, weights.embedding));
  for (int i = 0; i < config_.num_layers; ++i) {
    RETURN_IF_ERROR(PlanLayer(i, weights.layers[i]));
  }
  ASSIGN_OR_RETURN(weights.output_norm, Vector("output_norm.weight", hidden));
  if (!config_.tied_output) {
    RETURN_IF_ERROR(PlanTensor("output.weight", config_.vocab_size, hidden,
                               Role::kLogits, weights.output));
  }
  RETURN_IF_ERROR(PackAll(weights.memory));
  return weights;
}

}  // namespace

absl::StatusOr<ModelWeights> LoadWeights(const ModelConfig& config,
                                         const TensorLookup& lookup,
                                         device::WorkerTeam& team,
                                         const LoadProgress& progress) {
  return Loader(config, lookup, team, progress).Load();
}

}  // namespace tessera::model
