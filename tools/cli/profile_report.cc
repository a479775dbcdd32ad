#include "tools/cli/profile_report.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tessera::cli {

using kernels::PackedMatrix;
using model::ForwardOp;

namespace {

const PackedMatrix* MatrixOf(ForwardOp op, const model::LayerWeights& layer) {
  switch (op) {
    case ForwardOp::kQueryKeyValue:
      return &layer.query_key_value;
    case ForwardOp::kAttentionOutput:
      return &layer.attention_output;
    case ForwardOp::kGateUp:
      return &layer.gate_up;
    case ForwardOp::kDown:
      return &layer.down;
    default:
      return nullptr;
  }
}

void Add(const PackedMatrix& matrix, OperationWeights* weights) {
  weights->num_bytes += matrix.num_bytes();
  weights->num_products += 2 * matrix.num_rows() * matrix.num_columns();
}

}  // namespace

OperationWeights WeightsOf(ForwardOp op, const model::ModelConfig& config,
                           const model::ModelWeights& weights) {
  OperationWeights sum;
  for (const model::LayerWeights& layer : weights.layers) {
    const PackedMatrix* matrix = MatrixOf(op, layer);
    if (matrix != nullptr) Add(*matrix, &sum);
  }
  if (op == ForwardOp::kLogits) Add(weights.logits_matrix(config), &sum);
  return sum;
}

std::string ProfileTable(const model::ForwardProfile& profile,
                         const model::ModelConfig& config,
                         const model::ModelWeights& weights,
                         double tokens_per_pass) {
  const double num_passes = std::max<int64_t>(profile.num_passes, 1);
  const double total =
      std::accumulate(profile.seconds.begin(), profile.seconds.end(), 0.0);
  std::string table =
      absl::StrFormat("    %-18s %10s %7s %8s %8s\n", "operation", "ms a pass",
                      "share", "GB/s", "GOP/s");
  for (int i = 0; i < model::kNumForwardOps; ++i) {
    const ForwardOp op = static_cast<ForwardOp>(i);
    const double seconds = profile.seconds[i] / num_passes;
    const OperationWeights weight = WeightsOf(op, config, weights);
    const double tokens = op == ForwardOp::kLogits ? 1 : tokens_per_pass;
    absl::StrAppendFormat(&table, "    %-18s %10.3f %6.1f%%",
                          model::ForwardOpName(op), 1e3 * seconds,
                          total > 0 ? 100 * profile.seconds[i] / total : 0);
    if (weight.num_bytes > 0 && seconds > 0) {
      absl::StrAppendFormat(&table, " %8.1f %8.1f",
                            1e-9 * weight.num_bytes / seconds,
                            1e-9 * weight.num_products * tokens / seconds);
    }
    table += '\n';
  }
  absl::StrAppendFormat(&table, "    %-18s %10.3f\n", "a pass",
                        1e3 * total / num_passes);
  return table;
}

}  // namespace tessera::cli
