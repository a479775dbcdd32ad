// Matrix products of a whole decoder's weights, beside what the machine can do.
//
//   bazel run //libs/kernels/matmul:matmul_benchmark -- [threads] [type]
//   [kernels]
//
// The matrices of SmolLM2-135M (30 layers of `type`, by default Q4_1; the
// output matrix in Q8_0), random, so that they stream from memory as a
// decoder's do. For each number of tokens: time of a pass behind the probes,
// which leave little of the weights in the caches, and of the layers' once more
// behind it; the ratio of the first to a pass of one token, bytes a second
// against the memory probe, int8 operations a second against the arithmetic
// probe; medians.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "libs/base/check.h"
#include "libs/device/huge_buffer.h"
#include "libs/device/probes.h"
#include "libs/device/worker_team.h"
#include "libs/kernels/matmul/matmul.h"
#include "libs/tensor/quantize.h"

namespace tessera::kernels {
namespace {

constexpr int kLayers = 30;
constexpr int kRepeats = 7;
constexpr ActivationKinds kAllKinds = 31;
constexpr int64_t kHidden = 576, kFeedForward = 1536, kVocabulary = 49152;

struct Weights {
  std::vector<PackedMatrix> matrices;
  device::HugeBuffer memory;
  int64_t num_bytes = 0;
  int64_t num_elements = 0;
};

struct MatrixShape {
  int64_t rows, columns;
};

// Random blocks of a few distinct rows: timing does not depend on values.
Weights MakeWeights(const std::vector<MatrixShape>& shapes, DType dtype,
                    device::KernelSet kernels, ActivationKind integers) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<uint8_t> rows[2];
  Weights weights;
  for (const MatrixShape& shape : shapes) {
    std::vector<uint8_t>& row = rows[shape.columns == kFeedForward];
    if (row.empty()) {
      std::vector<float> values(shape.columns);
      for (float& value : values) value = normal(random);
      row.resize(*RowBytes(dtype, shape.columns));
      QuantizeRow(dtype, values.data(), shape.columns, row.data());
    }
    weights.matrices.push_back(*PackedMatrix::Plan(
        std::vector<SourceRow>(shape.rows, {row.data(), dtype}), shape.columns,
        kernels, integers));
    weights.num_bytes += weights.matrices.back().num_bytes();
    weights.num_elements += shape.rows * shape.columns;
  }
  weights.memory = *device::HugeBuffer::Allocate(weights.num_bytes);
  uint8_t* next = weights.memory.data();
  for (PackedMatrix& matrix : weights.matrices) {
    matrix.set_memory(next);
    next += matrix.num_bytes();
    for (int64_t p = 0; p < matrix.num_panels(); ++p) {
      CHECK(matrix.PackPanel(p).ok());
    }
    matrix.FinishPacking();
  }
  return weights;
}

double Seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2,
                   values.end());
  return values[values.size() / 2];
}

// Runs every matrix over num_tokens tokens, with a barrier after each.
void Pass(device::WorkerTeam& team, const Weights& weights, int64_t num_tokens,
          const std::vector<Activations>& inputs, float* output) {
  team.Run([&](device::Worker& worker) {
    for (const PackedMatrix& matrix : weights.matrices) {
      const Activations& input = inputs[matrix.num_columns() == kFeedForward];
      CHECK(Matmul(input, matrix, worker.Share(matrix.num_rows(), 64),
                   {output, matrix.num_rows()})
                .ok());
      worker.Barrier();
    }
  });
}

struct Times {
  std::vector<double> layers, again, head;
};

int Main(int argc, char** argv) {
  device::WorkerTeamOptions options;
  options.num_threads = argc > 1 ? std::atoi(argv[1]) : 0;
  DType dtype = DType::kQ4_1;
  for (int i = 0; i < kNumDTypes; ++i) {
    if (argc > 2 && DTypeName(static_cast<DType>(i)) == argv[2]) {
      dtype = static_cast<DType>(i);
    }
  }
  if (argc > 3) {
    options.kernels =
        *device::ParseKernelSet(argv[3], device::HostCpuFeatures());
  }
  const auto team = *device::WorkerTeam::Create(options);
  // The K formats want whole blocks of 256 columns.
  const int64_t hidden = Traits(dtype).block_elements == 256 ? 512 : kHidden;
  std::vector<MatrixShape> shapes;
  for (int i = 0; i < kLayers; ++i) {
    shapes.insert(shapes.end(), {{960, hidden},
                                 {576, hidden},
                                 {2 * kFeedForward, hidden},
                                 {576, kFeedForward}});
  }
  const Weights layers = MakeWeights(shapes, dtype, team->kernels(),
                                     team->kernels() == device::KernelSet::kAmx
                                         ? ActivationKind::kInt12
                                         : ActivationKind::kInt8);
  const Weights head = MakeWeights({{kVocabulary, hidden}}, DType::kQ8_0,
                                   team->kernels(), ActivationKind::kInt12);

  const std::vector<int64_t> token_counts = {1,  2,  3,  4,  6,   8,
                                             10, 12, 16, 64, 128, 512};
  const int64_t most = token_counts.back();
  const int64_t head_most = 16;  // logits of a few tokens, never of a prompt
  device::HugeBuffer scratch[3] = {
      *device::HugeBuffer::Allocate(
          Activations::ScratchBytes(kAllKinds, most, hidden)),
      *device::HugeBuffer::Allocate(
          Activations::ScratchBytes(kAllKinds, most, kFeedForward)),
      *device::HugeBuffer::Allocate(
          Activations::ScratchBytes(kAllKinds, head_most, hidden))};
  device::HugeBuffer output =
      *device::HugeBuffer::Allocate(4 * most * kVocabulary);
  std::vector<float> floats(most * kFeedForward);
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  for (float& value : floats) value = normal(random);
  auto memory = *device::MemoryProbe::Create();

  std::printf("%s layers %.1f MB, Q8_0 output %.1f MB, %d threads, %s\n",
              DTypeName(dtype).data(), layers.num_bytes / 1e6,
              head.num_bytes / 1e6, team->size(),
              device::KernelSetName(team->kernels()).data());
  std::printf("%6s %10s %8s %8s %10s %10s %10s %10s\n", "tokens", "layers ms",
              "again ms", "head ms", "/ 1 token", "GB/s", "of memory",
              "of int8");
  double one_token = 0;
  for (const int64_t n : token_counts) {
    std::vector<Activations> inputs;
    for (const int64_t columns : {hidden, kFeedForward}) {
      const int which = columns == kFeedForward;
      inputs.emplace_back(team->kernels(), kAllKinds, n, columns,
                          scratch[which].data());
      inputs.back().Pack(floats.data(), columns, 0, n);
    }
    const int64_t head_tokens = std::min(n, head_most);
    const Activations head_input(team->kernels(), kAllKinds, head_tokens,
                                 hidden, scratch[2].data());
    head_input.Pack(floats.data(), hidden, 0, head_tokens);
    Times times;
    std::vector<double> memory_rates, int8_rates;
    float* out = reinterpret_cast<float*>(output.data());
    for (int repeat = 0; repeat < kRepeats; ++repeat) {
      for (std::vector<double>* seconds : {&times.layers, &times.again}) {
        seconds->push_back(
            Seconds([&] { Pass(*team, layers, n, inputs, out); }));
      }
      times.head.push_back(Seconds([&] {
        Pass(*team, head, head_tokens, {head_input, head_input}, out);
      }));
      memory_rates.push_back(memory.BytesPerSecond(*team));
      int8_rates.push_back(
          device::ArithmeticRate(*team, device::Arithmetic::kI8));
    }
    const double layer_time = Median(times.layers);
    const double head_time = Median(times.head);
    const double time = layer_time + head_time;
    if (n == 1) one_token = time;
    const double bytes = layers.num_bytes + head.num_bytes;
    const double operations = 2.0 * n * layers.num_elements;
    std::printf("%6ld %10.3f %8.3f %8.3f %10.2f %10.1f %9.0f%% %9.0f%%\n",
                static_cast<long>(n), layer_time * 1e3,
                Median(times.again) * 1e3, head_time * 1e3, time / one_token,
                bytes / time / 1e9, 100 * bytes / time / Median(memory_rates),
                100 * operations / layer_time / Median(int8_rates));
  }
  return 0;
}

}  // namespace
}  // namespace tessera::kernels

int main(int argc, char** argv) { return tessera::kernels::Main(argc, argv); }
