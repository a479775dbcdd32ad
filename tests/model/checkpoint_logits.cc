#include "tests/model/checkpoint_logits.h"

#include <memory>
#include <numeric>
#include <utility>

#include "absl/types/span.h"
#include "libs/base/check.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/device/huge_buffer.h"
#include "libs/model/load_model.h"
#include "libs/model/model.h"
#include "tests/model/synthetic_checkpoint.h"

namespace tessera::model {
namespace {

constexpr int kNumBlocks = 2;  // 48 tokens in blocks of 32

std::unique_ptr<Model> Load(const std::string& path,
                            const ModelOptions& options) {
  absl::StatusOr<std::unique_ptr<Checkpoint>> checkpoint = OpenCheckpoint(path);
  CHECK(checkpoint.ok()) << checkpoint.status();
  absl::StatusOr<std::unique_ptr<Model>> model =
      LoadModel(**checkpoint, options);
  CHECK(model.ok()) << model.status();
  return *std::move(model);
}

}  // namespace

std::vector<device::KernelSet> HostKernelSets() {
  std::vector<device::KernelSet> sets = {device::KernelSet::kReference};
  for (const char* name : {"avx2", "avx512", "amx"}) {
    const auto set = device::ParseKernelSet(name, device::HostCpuFeatures());
    if (set.ok()) sets.push_back(*set);
  }
  return sets;
}

std::vector<float> LogitsOf(const std::string& path, device::KernelSet kernels,
                            attention::KvDType kv_dtype) {
  ModelOptions options;
  options.team = {.num_threads = 1, .pin = false, .kernels = kernels};
  options.kv_dtype = kv_dtype;
  const std::unique_ptr<Model> model = Load(path, options);
  absl::StatusOr<device::HugeBuffer> memory =
      device::HugeBuffer::Allocate(kNumBlocks * model->kv_block_bytes());
  CHECK(memory.ok()) << memory.status();
  const KvBlocks kv = {memory->data(), model->kv_block_bytes(), kNumBlocks};
  std::vector<int32_t> block_table(kNumBlocks);
  std::iota(block_table.begin(), block_table.end(), 0);
  const std::vector<int32_t> tokens = SyntheticTokens();
  const BatchSequence sequence = {
      .tokens = tokens,
      .block_table = block_table,
      .num_logits = static_cast<int>(tokens.size())};
  std::vector<float> logits(tokens.size() * model->config().vocab_size);
  const absl::Status status =
      model->Forward({&sequence, 1}, kv, absl::MakeSpan(logits));
  CHECK(status.ok()) << status;
  return logits;
}

std::vector<float> OracleLogits(const std::string& path) {
  return LogitsOf(path, device::KernelSet::kReference,
                  attention::KvDType::kF32);
}

}  // namespace tessera::model
