#include "libs/kernels/attention/packed_attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iostream>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "libs/device/huge_buffer.h"
#include "libs/kernels/attention/attention.h"
#include "libs/tensor/float16.h"

namespace tessera::attention {
namespace {

using device::KernelSet;
using device::Worker;
using device::WorkerTeam;

std::vector<KernelSet> KernelSetsHere() {
  std::vector<KernelSet> sets = {KernelSet::kReference};
  const device::CpuFeatures& features = device::HostCpuFeatures();
  if (features.avx2) sets.push_back(KernelSet::kAvx2);
  if (device::VectorKernels(device::BestKernelSet(features)) ==
      device::KernelSet::kAvx512) {
    sets.push_back(KernelSet::kAvx512);
  }
  if (device::BestKernelSet(features) == KernelSet::kAmx) {
    sets.push_back(KernelSet::kAmx);
  } else {
    std::cout << "this processor lacks AMX: its kernels are not tested\n";
  }
  return sets;
}

std::unique_ptr<WorkerTeam> Team(int num_threads, KernelSet kernels) {
  device::WorkerTeamOptions options;
  options.num_threads = num_threads;
  options.kernels = kernels;
  return *WorkerTeam::Create(options);
}

// Documents of random contents, as bf16 values in floats: exact in every set.
struct Documents {
  AttentionShape shape;
  std::vector<int32_t> cu_seqlens;
  std::vector<float> query, key, value;

  Documents(const AttentionShape& shape, const std::vector<int32_t>& lengths,
            uint32_t seed)
      : shape(shape), cu_seqlens(lengths.size() + 1, 0) {
    std::partial_sum(lengths.begin(), lengths.end(), cu_seqlens.begin() + 1);
    const int64_t tokens = cu_seqlens.back();
    std::mt19937 random(seed);
    const auto fill = [&](std::vector<float>& out, int num_heads, float scale) {
      std::normal_distribution<float> normal(0, scale);
      out.resize(tokens * num_heads * shape.head_dim);
      for (float& x : out) x = BFloat16ToFloat(FloatToBFloat16(normal(random)));
    };
    fill(query, shape.num_heads, 2);
    fill(key, shape.num_kv_heads, 1);
    fill(value, shape.num_kv_heads, 1);
  }
  int num_documents() const { return static_cast<int>(cu_seqlens.size()) - 1; }
};

struct Result {
  std::vector<float> output;
  std::vector<float> log_sum_exp;
};

std::vector<uint16_t> AsBFloat16(const std::vector<float>& values) {
  std::vector<uint16_t> bits;
  for (const float value : values) bits.push_back(FloatToBFloat16(value));
  return bits;
}

Result Attend(const Documents& documents, bool causal, DType dtype,
              WorkerTeam& team) {
  const AttentionShape& shape = documents.shape;
  const int64_t tokens = documents.cu_seqlens.back();
  const std::vector<uint16_t> query = AsBFloat16(documents.query);
  const std::vector<uint16_t> key = AsBFloat16(documents.key);
  const std::vector<uint16_t> value = AsBFloat16(documents.value);
  Result result;
  result.output.assign(tokens * shape.num_heads * shape.head_dim, NAN);
  result.log_sum_exp.assign(tokens * shape.num_heads, NAN);
  PackedAttentionArgs args;
  args.shape = shape;
  args.dtype = dtype;
  const bool is_float = dtype == DType::kF32;
  args.query = is_float ? static_cast<const void*>(documents.query.data())
                        : query.data();
  args.key =
      is_float ? static_cast<const void*>(documents.key.data()) : key.data();
  args.value = is_float ? static_cast<const void*>(documents.value.data())
                        : value.data();
  args.cu_seqlens = documents.cu_seqlens;
  args.causal = causal;
  args.scale = 1 / std::sqrt(static_cast<float>(shape.head_dim));
  args.output = result.output.data();
  args.log_sum_exp = result.log_sum_exp.data();
  device::HugeBuffer scratch = *device::HugeBuffer::Allocate(
      PackedAttentionScratchBytes(team.kernels(), shape, dtype, team.size(),
                                  tokens, documents.num_documents()));
  // What a recycled scratch may hold.
  std::memset(scratch.data(), 0xff, scratch.size());
  args.scratch = absl::MakeSpan(scratch.data(), scratch.size());
  EXPECT_TRUE(ValidatePackedAttention(args).ok());
  team.Run([&](Worker& worker) { PackedAttention(worker, args); });
  return result;
}

// Largest errors against float64, of outputs and of log_sum_exp.
struct Errors {
  double output = 0;
  double log_sum_exp = 0;
};

Errors ErrorsOf(const Documents& documents, bool causal, const Result& result) {
  const auto& [num_heads, num_kv_heads, dim] = documents.shape;
  Errors errors;
  for (int s = 0; s < documents.num_documents(); ++s) {
    const int begin = documents.cu_seqlens[s];
    const int end = documents.cu_seqlens[s + 1];
    for (int t = begin; t < end; t += 11) {
      for (int h = 0; h < num_heads; ++h) {
        const int g = h / (num_heads / num_kv_heads);
        std::vector<double> weights;
        double sum = 0;
        for (int k = begin; k < (causal ? t + 1 : end); ++k) {
          double dot = 0;
          for (int d = 0; d < dim; ++d) {
            dot += double{documents.query[(t * num_heads + h) * dim + d]} *
                   documents.key[(k * num_kv_heads + g) * dim + d];
          }
          weights.push_back(std::exp(dot / std::sqrt(dim)));
          sum += weights.back();
        }
        errors.log_sum_exp = std::max(
            errors.log_sum_exp,
            std::fabs(std::log(sum) - result.log_sum_exp[t * num_heads + h]));
        for (int d = 0; d < dim; ++d) {
          double expected = 0;
          for (size_t k = 0; k < weights.size(); ++k) {
            expected +=
                weights[k] / sum *
                documents.value[((begin + k) * num_kv_heads + g) * dim + d];
          }
          const double error = std::fabs(
              expected - result.output[(t * num_heads + h) * dim + d]);
          if (!(error <= errors.output)) errors.output = error;
        }
      }
    }
  }
  return errors;
}

TEST(PackedAttentionTest, AgreesWithFloat64) {
  for (const KernelSet kernels : KernelSetsHere()) {
    const auto team = Team(2, kernels);
    for (const AttentionShape& shape :
         {AttentionShape{9, 3, 64}, {4, 1, 96}, {2, 2, 20}}) {
      const Documents documents(shape, {5, 0, 300, 1, 64}, 3);
      // bf16 rounds queries and probabilities to 8 bits in AVX-512.
      const double tolerance =
          device::VectorKernels(kernels) == KernelSet::kAvx512 ? 2.5e-2 : 5e-6;
      for (const bool causal : {true, false}) {
        for (const DType dtype : {DType::kF32, DType::kBF16}) {
          const Errors errors = ErrorsOf(
              documents, causal, Attend(documents, causal, dtype, *team));
          EXPECT_LT(errors.output, tolerance)
              << device::KernelSetName(kernels) << " D " << shape.head_dim;
          EXPECT_LT(errors.log_sum_exp, tolerance)
              << device::KernelSetName(kernels) << " D " << shape.head_dim;
        }
      }
    }
  }
}

TEST(PackedAttentionTest, ADocumentsBitsDependOnItselfAlone) {
  for (const KernelSet kernels : KernelSetsHere()) {
    for (const bool causal : {true, false}) {
      const AttentionShape shape = {6, 2, 64};
      const Documents all(shape, {100, 333, 70}, 5);
      const auto team = Team(3, kernels);
      const Result together = Attend(all, causal, DType::kF32, *team);
      Documents changed = all;
      const int64_t row = shape.num_heads * shape.head_dim;
      for (int64_t i = 0; i < 100 * row; ++i) changed.query[i] += 1;
      for (float* data : {changed.key.data(), changed.value.data()}) {
        std::fill_n(data, 100 * row / 3, 7.0f);
      }
      const auto alone = Team(1, kernels);
      const Result other = Attend(changed, causal, DType::kBF16, *alone);
      EXPECT_EQ(std::memcmp(&together.output[100 * row],
                            &other.output[100 * row], 403 * row * 4),
                0)
          << device::KernelSetName(kernels);
      EXPECT_NE(together.output[0], other.output[0]);
    }
  }
}

// Training computes what serving computes.
TEST(PackedAttentionTest, CausalBitsArePagedAttentions) {
  for (const KernelSet kernels : KernelSetsHere()) {
    const AttentionShape shape = {9, 3, 64};
    const Documents documents(shape, {300}, 9);
    const auto team = Team(2, kernels);
    const Result packed = Attend(documents, true, DType::kF32, *team);
    const KvDType dtype =
        kernels == KernelSet::kReference ? KvDType::kF32 : KvDType::kBF16;
    device::HugeBuffer cache = *device::HugeBuffer::Allocate(
        10 * shape.num_kv_heads * KvHeadBytes(dtype, shape.head_dim));
    std::vector<int32_t> block_table(10);
    std::iota(block_table.begin(), block_table.end(), 0);
    const AttentionSequence sequence = {0, 300, 0, block_table};
    PagedAttentionArgs args;
    args.query = documents.query.data();
    args.query_stride = shape.num_heads * shape.head_dim;
    args.num_heads = shape.num_heads;
    args.sequences = absl::MakeConstSpan(&sequence, 1);
    args.kv = {cache.data(),
               shape.num_kv_heads * KvHeadBytes(dtype, shape.head_dim), dtype,
               shape.num_kv_heads, shape.head_dim};
    args.scale = 0.125f;
    std::vector<float> output(documents.query.size());
    args.output = output.data();
    device::HugeBuffer scratch = *device::HugeBuffer::Allocate(
        PagedAttentionScratchBytes(shape, dtype, team->size(), 300, 300));
    args.scratch = absl::MakeSpan(scratch.data(), scratch.size());
    team->Run([&](Worker& worker) {
      if (worker.rank() == 0) {
        for (int g = 0; g < shape.num_kv_heads; ++g) {
          StoreKeysValues(kernels,
                          {documents.key.data(), documents.value.data(),
                           shape.num_kv_heads * shape.head_dim},
                          args.sequences, {0, 300}, g, args.kv);
        }
      }
      worker.Barrier();
      PagedAttention(worker, args);
    });
    EXPECT_EQ(output, packed.output) << device::KernelSetName(kernels);
  }
}

TEST(PackedAttentionTest, RefusesWhatCannotWorkByName) {
  PackedAttentionArgs args;
  args.shape = {4, 2, 64};
  const std::vector<int32_t> falling = {0, 5, 3};
  args.cu_seqlens = falling;
  EXPECT_EQ(ValidatePackedAttention(args).message(),
            "cu_seqlens[2] 3: falls below 5");
  args.cu_seqlens = absl::MakeConstSpan(falling).subspan(1);
  EXPECT_FALSE(ValidatePackedAttention(args).ok());
  args.cu_seqlens = absl::MakeConstSpan(falling).first(2);
  EXPECT_TRUE(ValidatePackedAttention(args).ok());
  args.dtype = DType::kQ4_0;
  EXPECT_FALSE(ValidatePackedAttention(args).ok());
}

}  // namespace
}  // namespace tessera::attention
