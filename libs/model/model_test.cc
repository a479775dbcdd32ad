#include "libs/model/model.h"

#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/device/huge_buffer.h"
#include "libs/model/random_model.h"

namespace tessera::model {
namespace {

using device::KernelSet;
using ::testing::HasSubstr;

constexpr int kBlocks = 16;

std::vector<KernelSet> HostKernelSets() {
  std::vector<KernelSet> sets = {KernelSet::kReference};
  for (const char* name : {"avx2", "avx512", "amx"}) {
    const auto set = device::ParseKernelSet(name, device::HostCpuFeatures());
    if (set.ok()) sets.push_back(*set);
  }
  return sets;
}

// A model of random weights, with a cache in block order.
struct Fixture {
  Fixture(const ModelConfig& config, DType dtype, KernelSet kernels,
          int num_threads = 1, device::WorkerTeam* shared_team = nullptr) {
    const RandomTensors tensors(config, dtype, 7);
    ModelOptions options;
    options.team = {
        .num_threads = num_threads, .pin = false, .kernels = kernels};
    options.shared_team = shared_team;
    if (kernels == KernelSet::kReference) {
      options.kv_dtype = attention::KvDType::kF32;
    }
    absl::StatusOr<std::unique_ptr<Model>> created =
        Model::Create(config, tensors.Lookup(), options);
    EXPECT_TRUE(created.ok()) << created.status();
    model = *std::move(created);
    memory = *device::HugeBuffer::Allocate(kBlocks * model->kv_block_bytes());
    kv = {memory.data(), model->kv_block_bytes(), kBlocks};
    table.resize(kBlocks);
    std::iota(table.begin(), table.end(), 0);
  }
  // Logits of all tokens, passed in chunks of `chunk`.
  std::vector<float> Logits(const std::vector<int32_t>& tokens, size_t chunk) {
    const int64_t vocab = model->config().vocab_size;
    std::vector<float> logits(tokens.size() * vocab);
    for (size_t first = 0; first < tokens.size(); first += chunk) {
      const size_t n = std::min(chunk, tokens.size() - first);
      const BatchSequence sequence = {
          absl::MakeConstSpan(tokens).subspan(first, n),
          static_cast<int64_t>(first), table, static_cast<int>(n)};
      const absl::Status status = model->Forward(
          {&sequence, 1}, kv,
          absl::MakeSpan(logits).subspan(first * vocab, n * vocab));
      EXPECT_TRUE(status.ok()) << status;
    }
    return logits;
  }
  std::unique_ptr<Model> model;
  device::HugeBuffer memory;
  KvBlocks kv;
  std::vector<int32_t> table;
};

std::vector<int32_t> SomeTokens(int count) {
  std::vector<int32_t> tokens(count);
  for (int i = 0; i < count; ++i) tokens[i] = (i * 37 + 11) % 300;
  return tokens;
}

TEST(ModelTest, SameBitsForAnyChunksAndThreads) {
  const std::vector<int32_t> tokens = SomeTokens(70);
  for (const KernelSet kernels : HostKernelSets()) {
    for (const char* architecture : {"llama", "qwen2", "qwen3"}) {
      ModelConfig config = SmallConfig();
      config.architecture = architecture;
      config.qk_norm = config.architecture == "qwen3";
      const std::vector<float> want =
          Fixture(config, DType::kQ4_K, kernels).Logits(tokens, 70);
      for (const int threads : {1, 3}) {
        Fixture fixture(config, DType::kQ4_K, kernels, threads);
        for (const size_t chunk : {1, 5, 64}) {
          EXPECT_EQ(fixture.Logits(tokens, chunk), want)
              << architecture << " " << device::KernelSetName(kernels)
              << " chunks of " << chunk << ", " << threads << " threads";
        }
      }
    }
  }
}

// The float oracle against every type's fast path, by the size of the
// difference.
TEST(ModelTest, EveryTypeIsCloseToTheOracle) {
  const std::vector<int32_t> tokens = SomeTokens(40);
  for (const DType dtype :
       {DType::kF32, DType::kF16, DType::kBF16, DType::kQ4_0, DType::kQ4_1,
        DType::kQ5_0, DType::kQ5_1, DType::kQ8_0, DType::kQ4_K, DType::kQ5_K,
        DType::kQ6_K}) {
    const std::vector<float> want =
        Fixture(SmallConfig(), dtype, KernelSet::kReference).Logits(tokens, 40);
    double size = 0;
    for (const float x : want) size += double{x} * x;
    for (const KernelSet kernels : HostKernelSets()) {
      const std::vector<float> got =
          Fixture(SmallConfig(), dtype, kernels).Logits(tokens, 40);
      double error = 0;
      for (size_t i = 0; i < want.size(); ++i) {
        error += (double{got[i]} - want[i]) * (double{got[i]} - want[i]);
      }
      EXPECT_LT(std::sqrt(error / size), 0.03)
          << DTypeName(dtype) << " " << device::KernelSetName(kernels);
    }
  }
}

TEST(ModelTest, MixedTypesAndOddFeedForwardLoad) {
  ModelConfig config = SmallConfig();
  config.feed_forward_dim = 100;
  RandomTensors tensors(config, DType::kF16, 3);
  const RandomTensors other(config, DType::kBF16, 3);
  for (const char* name : {"blk.0.attn_v.weight", "blk.1.ffn_up.weight"}) {
    tensors.tensors()[name] = const_cast<RandomTensors&>(other).tensors()[name];
  }
  for (const KernelSet kernels : HostKernelSets()) {
    ModelOptions options;
    options.team = {.num_threads = 2, .pin = false, .kernels = kernels};
    const auto model = Model::Create(config, tensors.Lookup(), options);
    EXPECT_TRUE(model.ok()) << model.status();
  }
}

TEST(ModelTest, TwoModelsTakeTurnsOnOneTeam) {
  const std::vector<int32_t> tokens = SomeTokens(40);
  ModelConfig narrow = SmallConfig();
  narrow.num_layers = 1;
  const KernelSet kernels = HostKernelSets().back();
  const std::vector<float> want =
      Fixture(SmallConfig(), DType::kQ4_1, kernels).Logits(tokens, 40);
  const std::vector<float> want_narrow =
      Fixture(narrow, DType::kQ4_1, kernels).Logits(tokens, 40);

  Fixture fixture(SmallConfig(), DType::kQ4_1, kernels, /*num_threads=*/2);
  Fixture other(narrow, DType::kQ4_1, kernels, 3, &fixture.model->team());
  EXPECT_EQ(&other.model->team(), &fixture.model->team());
  EXPECT_EQ(other.model->num_threads(), 2);
  for (int turn = 0; turn < 3; ++turn) {
    EXPECT_EQ(fixture.Logits(tokens, 7), want);
    EXPECT_EQ(other.Logits(tokens, 7), want_narrow);
  }
}

TEST(ModelTest, LoadingTellsEachPercentOnce) {
  const RandomTensors tensors(SmallConfig(), DType::kQ4_1, 7);
  std::vector<int> told;
  ModelOptions options;
  options.team = {.num_threads = 3, .pin = false};
  options.progress = [&](int percent) { told.push_back(percent); };
  ASSERT_TRUE(Model::Create(SmallConfig(), tensors.Lookup(), options).ok());
  std::vector<int> expected(100);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(told, expected);
}

TEST(ModelTest, NamesTheTensorThatIsWrong) {
  const auto load = [](const std::function<void(RandomTensors&)>& damage) {
    RandomTensors tensors(SmallConfig(), DType::kQ4_1, 1);
    damage(tensors);
    return Model::Create(SmallConfig(), tensors.Lookup(), {}).status();
  };
  EXPECT_TRUE(load([](RandomTensors&) {}).ok());
  EXPECT_THAT(load([](RandomTensors& t) {
                t.tensors().erase("blk.1.ffn_down.weight");
              }).message(),
              HasSubstr("blk.1.ffn_down.weight"));
  EXPECT_THAT(load([](RandomTensors& t) {
                t.tensors()["blk.0.attn_k.weight"].shape = {32, 512};
              }).message(),
              HasSubstr("blk.0.attn_k.weight has shape [32, 512]: must be "
                        "[64, 256]"));
  EXPECT_THAT(load([](RandomTensors& t) {
                t.tensors()["blk.0.ffn_gate.weight"].bytes[1] = 0x7c;
              }).message(),
              HasSubstr("ffn_{gate,up}.weight: row 0 has a scale"));
  EXPECT_THAT(load([](RandomTensors& t) {
                t.tensors()["output_norm.weight"].bytes[3] = 0x7f;
                t.tensors()["output_norm.weight"].bytes[2] = 0xc0;
              }).message(),
              HasSubstr("output_norm.weight: element 0"));
  EXPECT_THAT(load([](RandomTensors& t) {
                auto& tensor = t.tensors()["blk.0.attn_q.weight"];
                tensor.dtype = DType::kI8;
                tensor.bytes.resize(256 * 256);
              }).message(),
              HasSubstr("blk.0.attn_q.weight has type I8"));
}

TEST(ModelTest, RefusesBatchesThatDoNotFit) {
  Fixture fixture(SmallConfig(), DType::kQ8_0, KernelSet::kReference);
  std::vector<float> logits(300);
  const auto forward = [&](const std::vector<int32_t>& tokens, int64_t position,
                           absl::Span<const int32_t> table, int num_logits) {
    const BatchSequence sequence = {tokens, position, table, num_logits};
    return fixture.model->Forward({&sequence, 1}, fixture.kv,
                                  absl::MakeSpan(logits));
  };
  const std::vector<int32_t> bad_block = {99};
  EXPECT_TRUE(forward({1, 2}, 0, fixture.table, 1).ok());
  for (const absl::Status& status :
       {forward({}, 0, fixture.table, 0), forward({300}, 0, fixture.table, 1),
        forward({-1}, 0, fixture.table, 1), forward({1}, -1, fixture.table, 1),
        forward({1}, 2048, fixture.table, 1),
        forward({1}, 512, fixture.table, 1), forward({1}, 0, {}, 1),
        forward({1}, 0, bad_block, 1), forward({1}, 0, fixture.table, 2),
        forward({1, 2}, 0, fixture.table, 2),
        forward(std::vector<int32_t>(513, 1), 0, fixture.table, 1)}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  }
  EXPECT_FALSE(fixture.model->Forward({}, fixture.kv, {}).ok());
}

}  // namespace
}  // namespace tessera::model
