#include "tools/cli/profile_report.h"

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/status_macros.h"
#include "libs/device/probes.h"

namespace tessera::cli {

using kernels::ActivationKind;
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

// "attention", "feed-forward" or "model".
absl::string_view LayerKind(ForwardOp op) {
  switch (op) {
    case ForwardOp::kQueryKeyValue:
    case ForwardOp::kRotateAndStore:
    case ForwardOp::kAttention:
    case ForwardOp::kAttentionOutput:
      return "attention";
    case ForwardOp::kNorm:
    case ForwardOp::kGateUp:
    case ForwardOp::kDown:
      return "feed-forward";
    case ForwardOp::kEmbedding:
    case ForwardOp::kLogits:
      break;
  }
  return "model";
}

struct KindOfProduct {
  absl::string_view name;
  double rate;  // operations a second; two planes take twice the time
};

KindOfProduct ProductOf(ActivationKind kind, const ProfileLimits& limits) {
  switch (kind) {
    case ActivationKind::kInt8:
      return {"int8", limits.int8_operations};
    case ActivationKind::kInt12:
      return {"int12", limits.tile_int8_operations / 2};
    case ActivationKind::kBF16:
      return {"bf16", limits.bf16_operations};
    case ActivationKind::kF32:
      break;
  }
  return {"f32", limits.f32_operations};
}

KindOfProduct ProductOf(attention::KvDType dtype, const ProfileLimits& limits) {
  switch (dtype) {
    case attention::KvDType::kI8:  // queries and probabilities in two planes
      return {"int8", limits.int8_operations / 2};
    case attention::KvDType::kBF16:
      return {"bf16", limits.bf16_operations};
    case attention::KvDType::kF32:
      break;
  }
  return {"f32", limits.f32_operations};
}

// Adds up what several runs of panels take.
class WorkSum {
 public:
  explicit WorkSum(const ProfileLimits& limits) : limits_(limits) {}

  void AddMatrix(const PackedMatrix& matrix, double num_tokens) {
    for (const kernels::PanelRun& run : matrix.runs()) {
      const KindOfProduct product = ProductOf(run.activations, limits_);
      AddKernel(absl::StrCat(kernels::Geometry(run.format).name, " x ",
                             product.name));
      Add(1.0 * run.num_panels * run.panel_bytes,
          2.0 * run.num_panels * kernels::kPanelRows * matrix.num_columns() *
              num_tokens,
          product.rate);
    }
  }

  void AddKernel(const std::string& name) {
    if (!absl::StrContains(work_.kernel, name)) {
      absl::StrAppend(&work_.kernel, work_.kernel.empty() ? "" : ", ", name);
    }
  }

  void Add(double num_bytes, double num_operations, double rate) {
    work_.num_bytes += num_bytes;
    work_.num_operations += num_operations;
    operation_seconds_ += rate > 0 ? num_operations / rate : 0;
  }

  OperationWork Take() {
    const double memory_seconds =
        limits_.memory_bytes > 0 ? work_.num_bytes / limits_.memory_bytes : 0;
    work_.is_memory_bound = memory_seconds >= operation_seconds_;
    work_.least_seconds = std::max(memory_seconds, operation_seconds_);
    return work_;
  }

 private:
  const ProfileLimits& limits_;
  OperationWork work_;
  double operation_seconds_ = 0;
};

// Keys that a token at `position` sees in one layer.
int64_t VisibleKeys(const model::ModelConfig& config, int layer,
                    int64_t position) {
  const int64_t window = config.WindowOf(layer);
  return window > 0 ? std::min(window, position + 1) : position + 1;
}

void AddAttention(const model::ModelConfig& config, attention::KvDType kv_dtype,
                  const BenchTest& test, double passes,
                  const ProfileLimits& limits, WorkSum* sum) {
  const int64_t num_tokens = test.num_prompt + test.num_generated;
  const KindOfProduct product = ProductOf(kv_dtype, limits);
  const double key_bytes = 1.0 *
                           attention::KvHeadBytes(kv_dtype, config.head_dim) /
                           attention::kKvBlockTokens * config.num_kv_heads;
  sum->AddKernel(absl::StrCat(attention::KvDTypeName(kv_dtype), " cache"));
  for (int layer = 0; layer < config.num_layers; ++layer) {
    double pairs = 0, keys_read = 0;  // a pass reads a key once
    for (int64_t i = 0; i < num_tokens; ++i) {
      pairs += VisibleKeys(config, layer, test.depth + i);
    }
    const double tokens_per_pass = num_tokens / passes;
    for (double end = tokens_per_pass; end < num_tokens + 0.5;
         end += tokens_per_pass) {
      keys_read += VisibleKeys(config, layer,
                               test.depth + static_cast<int64_t>(end) - 1);
    }
    sum->Add(keys_read * key_bytes / passes,
             4.0 * pairs * config.num_heads * config.head_dim / passes,
             product.rate);
  }
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2,
                   values.end());
  return values[values.size() / 2];
}

std::string Line(absl::string_view name, double seconds, double share,
                 const OperationWork& work) {
  std::string line = absl::StrFormat("    %-18s %10.3f %6.1f%%", name,
                                     1e3 * seconds, 100 * share);
  if (work.num_bytes > 0 && seconds > 0) {
    absl::StrAppendFormat(
        &line, " %8.1f %8.1f %7.0f%% %-10s  %s",
        1e-9 * work.num_bytes / seconds, 1e-9 * work.num_operations / seconds,
        100 * work.least_seconds / seconds,
        work.is_memory_bound ? "memory" : "arithmetic", work.kernel);
  }
  return line + "\n";
}

}  // namespace

absl::StatusOr<ProfileLimits> ProbeLimits(device::WorkerTeam& team) {
  constexpr int kProbes = 7;
  ASSIGN_OR_RETURN(device::MemoryProbe memory, device::MemoryProbe::Create());
  memory.BytesPerSecond(team);  // unmeasured: wakes the team
  std::array<std::vector<double>, 5> rates;
  for (int probe = 0; probe < kProbes; ++probe) {
    rates[0].push_back(memory.BytesPerSecond(team));
    int next = 1;
    for (const device::Arithmetic arithmetic :
         {device::Arithmetic::kI8, device::Arithmetic::kTileI8,
          device::Arithmetic::kBF16, device::Arithmetic::kF32}) {
      rates[next++].push_back(device::ArithmeticRate(team, arithmetic));
    }
  }
  return ProfileLimits{Median(rates[0]), Median(rates[1]), Median(rates[2]),
                       Median(rates[3]), Median(rates[4])};
}

OperationWork WorkOf(ForwardOp op, const model::ModelConfig& config,
                     const model::ModelWeights& weights,
                     attention::KvDType kv_dtype, const BenchTest& test,
                     double passes, const ProfileLimits& limits) {
  WorkSum sum(limits);
  const double num_tokens = test.num_prompt + test.num_generated;
  if (op == ForwardOp::kAttention) {
    AddAttention(config, kv_dtype, test, passes, limits, &sum);
  }
  // The logits are of every token, or of one a prompt; the last layer goes on
  // with those alone when its keys and values are stored.
  const double rows =
      test.all_logits || test.num_generated > 0 ? num_tokens : 1;
  if (op == ForwardOp::kLogits) {
    sum.AddMatrix(weights.logits_matrix(config), rows / passes);
  }
  for (const model::LayerWeights& layer : weights.layers) {
    const PackedMatrix* matrix = MatrixOf(op, layer);
    if (matrix == nullptr) continue;
    const bool is_narrowed =
        &layer == &weights.layers.back() && op != ForwardOp::kQueryKeyValue;
    sum.AddMatrix(*matrix, (is_narrowed ? rows : num_tokens) / passes);
  }
  return sum.Take();
}

std::string ProfileTable(const model::ForwardProfile& profile,
                         const model::ModelConfig& config,
                         const model::ModelWeights& weights,
                         attention::KvDType kv_dtype, const BenchTest& test,
                         int repetitions, const ProfileLimits& limits) {
  const double num_passes = std::max<int64_t>(profile.num_passes, 1);
  const double total =
      std::accumulate(profile.seconds.begin(), profile.seconds.end(), 0.0);
  const auto share = [total](double seconds) {
    return total > 0 ? seconds / total : 0;
  };
  std::string table = absl::StrFormat(
      "    limits: memory %.1f GB/s, int8 %.0f GOP/s, in tiles %.0f (int12 "
      "half "
      "of it), bf16 %.0f, f32 %.0f\n    %-18s %10s %7s %8s %8s %8s %-10s  %s\n",
      1e-9 * limits.memory_bytes, 1e-9 * limits.int8_operations,
      1e-9 * limits.tile_int8_operations, 1e-9 * limits.bf16_operations,
      1e-9 * limits.f32_operations, "operation", "ms a pass", "share", "GB/s",
      "GOP/s", "of limit", "bound by", "kernel");
  for (int i = 0; i < model::kNumForwardOps; ++i) {
    const ForwardOp op = static_cast<ForwardOp>(i);
    table += Line(model::ForwardOpName(op), profile.seconds[i] / num_passes,
                  share(profile.seconds[i]),
                  WorkOf(op, config, weights, kv_dtype, test,
                         num_passes / repetitions, limits));
  }
  for (const absl::string_view kind : {"attention", "feed-forward", "model"}) {
    double seconds = 0;
    for (int i = 0; i < model::kNumForwardOps; ++i) {
      if (LayerKind(static_cast<ForwardOp>(i)) == kind) {
        seconds += profile.seconds[i];
      }
    }
    table +=
        Line(kind == "model" ? absl::string_view("embedding, logits") : kind,
             seconds / num_passes, share(seconds), {});
  }
  absl::StrAppendFormat(&table, "    %-18s %10.3f\n", "a pass",
                        1e3 * total / num_passes);
  return table;
}

}  // namespace tessera::cli
