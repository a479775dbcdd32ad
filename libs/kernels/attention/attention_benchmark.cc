// Attention of SmolLM2's shape (30 layers, 9 query and 3 key/value heads of 64)
// beside what the machine allows: decode against reading memory, prefill
// against multiplications from registers. Probes and arms take turns in one
// process; medians are printed.
//
//   attention_benchmark [THREADS [KERNELS [KV_DTYPE]]]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "libs/device/huge_buffer.h"
#include "libs/device/probes.h"
#include "libs/device/worker_team.h"
#include "libs/kernels/attention/attention.h"

namespace tessera::attention {
namespace {

using device::HugeBuffer;
using device::Worker;
using device::WorkerTeam;

constexpr AttentionShape kShape = {9, 3, 64};
constexpr int kNumLayers = 30;
constexpr int kMaxContext = 4096 + 512;
constexpr int kMaxTokens = 512;
constexpr int kRounds = 15;

double Seconds() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// One sequence in a full cache of random contents, its blocks in random order.
class Model {
 public:
  Model(WorkerTeam& team, KvDType dtype) : team_(team), dtype_(dtype) {
    const int num_blocks = kMaxContext / kKvBlockTokens;
    head_bytes_ = KvHeadBytes(dtype, kShape.head_dim);
    block_bytes_ = kNumLayers * kShape.num_kv_heads * head_bytes_;
    cache_ = *HugeBuffer::Allocate(num_blocks * block_bytes_);
    std::mt19937 random(1);
    block_table_.resize(num_blocks);
    std::iota(block_table_.begin(), block_table_.end(), 0);
    std::shuffle(block_table_.begin(), block_table_.end(), random);
    std::normal_distribution<float> normal;
    query_.resize(kMaxTokens * Row());
    for (float& value : query_) value = normal(random);
    output_.resize(query_.size());
    scratch_ = *HugeBuffer::Allocate(PagedAttentionScratchBytes(
        kShape, dtype, team.size(), kMaxTokens, kMaxContext));
    Fill();
  }

  // Seconds of `num_tokens` behind `depth` others, through layers [0, count).
  double Run(int num_tokens, int depth, int num_layers) {
    const AttentionSequence sequence = {0, num_tokens, depth, block_table_};
    const double start = Seconds();
    team_.Run([&](Worker& worker) {
      PagedAttentionArgs args;
      args.query = query_.data();
      args.query_stride = Row();
      args.num_heads = kShape.num_heads;
      args.sequences = absl::MakeConstSpan(&sequence, 1);
      args.scale = 0.125f;
      args.output = output_.data();
      args.scratch = absl::MakeSpan(scratch_.data(), scratch_.size());
      for (int layer = 0; layer < num_layers; ++layer) {
        args.kv = Layer(layer);
        PagedAttention(worker, args);
      }
    });
    return Seconds() - start;
  }

  // Bytes that a token at `depth` reads in all layers.
  double Bytes(int depth) const {
    return static_cast<double>(depth) / kKvBlockTokens * block_bytes_;
  }

 private:
  static int64_t Row() { return kShape.num_heads * kShape.head_dim; }

  KvLayer Layer(int layer) {
    return {cache_.data() + layer * kShape.num_kv_heads * head_bytes_,
            block_bytes_, dtype_, kShape.num_kv_heads, kShape.head_dim};
  }

  void Fill() {
    const AttentionSequence all = {0, kMaxContext, 0, block_table_};
    std::vector<float> rows(kMaxContext * Row() + 256);
    std::mt19937 random(2);
    std::normal_distribution<float> normal;
    for (float& value : rows) value = normal(random);
    for (int layer = 0; layer < kNumLayers; ++layer) {
      for (int head = 0; head < kShape.num_kv_heads; ++head) {
        StoreKeysValues(
            team_.kernels(), {rows.data(), rows.data() + 192 + layer, Row()},
            absl::MakeConstSpan(&all, 1), {0, kMaxContext}, head, Layer(layer));
      }
    }
  }

  WorkerTeam& team_;
  const KvDType dtype_;
  int64_t head_bytes_ = 0;
  int64_t block_bytes_ = 0;
  HugeBuffer cache_;
  HugeBuffer scratch_;
  std::vector<int32_t> block_table_;
  std::vector<float> query_;
  std::vector<float> output_;
};

struct Arm {
  const char* name;
  int num_tokens;
  int depth;
  int num_layers;
  std::vector<double> seconds;
};

void Print(const Arm& arm, const Model& model, double bytes_per_second,
           double operations_per_second) {
  const double seconds = Median(arm.seconds);
  const double keys = 0.5 * arm.num_tokens * (arm.num_tokens + 1) +
                      static_cast<double>(arm.num_tokens) * arm.depth;
  const double operations =
      keys * kShape.num_heads * kShape.head_dim * 4 * arm.num_layers;
  const double bytes =
      model.Bytes(arm.depth + arm.num_tokens) * arm.num_layers / kNumLayers;
  std::printf("%-28s %8.3f ms  %6.1f GFLOP/s %5.1f%%   %5.1f GB/s %5.1f%%\n",
              arm.name, 1e3 * seconds, operations / seconds / 1e9,
              100 * operations / seconds / operations_per_second,
              bytes / seconds / 1e9, 100 * bytes / seconds / bytes_per_second);
}

int Main(int argc, char** argv) {
  device::WorkerTeamOptions options;
  if (argc > 1) options.num_threads = std::atoi(argv[1]);
  if (argc > 2) {
    const auto kernels =
        device::ParseKernelSet(argv[2], device::HostCpuFeatures());
    if (!kernels.ok()) {
      std::fprintf(stderr, "%s\n", kernels.status().ToString().c_str());
      return 1;
    }
    options.kernels = *kernels;
  }
  const KvDType dtype = argc > 3 && std::strcmp(argv[3], "int8") == 0
                            ? KvDType::kI8
                            : KvDType::kBF16;
  const auto team = *WorkerTeam::Create(options);
  device::MemoryProbe memory = *device::MemoryProbe::Create();
  Model model(*team, dtype);
  std::vector<Arm> arms = {
      {"decode at 64, 30 layers", 1, 64, kNumLayers, {}},
      {"decode at 512, 30 layers", 1, 512, kNumLayers, {}},
      {"decode at 4096, 30 layers", 1, 4096, kNumLayers, {}},
      {"4 tokens at 4096, 30 layers", 4, 4096, kNumLayers, {}},
      {"8 tokens at 4096, 30 layers", 8, 4096, kNumLayers, {}},
      {"prefill 512, a layer", 512, 0, 1, {}},
      {"prefill 512 at 4096, a layer", 512, 4096, 1, {}},
  };
  std::vector<double> bytes_per_second;
  std::vector<double> operations_per_second;
  for (int round = 0; round < kRounds; ++round) {
    for (Arm& arm : arms) {
      bytes_per_second.push_back(memory.BytesPerSecond(*team));
      arm.seconds.push_back(
          model.Run(arm.num_tokens, arm.depth, arm.num_layers));
    }
    operations_per_second.push_back(
        device::ArithmeticRate(*team, device::Arithmetic::kBF16));
  }
  const double bytes_limit = Median(bytes_per_second);
  const double operations_limit = Median(operations_per_second);
  std::printf("%d threads, %s, KV %s: %.1f GB/s, %.0f GFLOP/s of bf16\n",
              team->size(),
              std::string(device::KernelSetName(options.kernels)).c_str(),
              std::string(KvDTypeName(dtype)).c_str(), bytes_limit / 1e9,
              operations_limit / 1e9);
  for (const Arm& arm : arms) {
    Print(arm, model, bytes_limit, operations_limit);
  }
  return 0;
}

}  // namespace
}  // namespace tessera::attention

int main(int argc, char** argv) { return tessera::attention::Main(argc, argv); }
