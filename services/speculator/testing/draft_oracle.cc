#include "services/speculator/testing/draft_oracle.h"

#include <numeric>

#include "libs/base/check.h"
#include "libs/model/random_model.h"

namespace tessera::speculator {

std::unique_ptr<model::Model> SmallModel(const SmallModelOptions& options) {
  model::ModelConfig config = model::SmallConfig();
  config.vocab_size = options.vocab_size;
  config.context_len = options.context_len;
  const model::RandomTensors tensors(config, DType::kQ4_1, options.seed);
  auto model = model::Model::Create(
      config, tensors.Lookup(),
      {.team = {.num_threads = options.num_threads, .pin = false},
       .shared_team = options.shared_team,
       .max_batch_tokens = options.max_batch_tokens});
  CHECK(model.ok()) << model.status();
  return *std::move(model);
}

DraftOracle::DraftOracle(const SmallModelOptions& options)
    : model_(SmallModel(options)),
      table_(options.context_len / attention::kKvBlockTokens + 1) {
  memory_ =
      *device::HugeBuffer::Allocate(table_.size() * model_->kv_block_bytes());
  std::iota(table_.begin(), table_.end(), 0);
}

std::vector<float> DraftOracle::Logits(const std::vector<int32_t>& tokens,
                                       size_t num_computed) {
  const int64_t num_blocks = table_.size();
  std::vector<float> logits(model_->config().vocab_size);
  for (size_t first = num_computed; first < tokens.size();) {
    const size_t num_tokens =
        std::min<size_t>(tokens.size() - first, model_->max_batch_tokens());
    const model::BatchSequence sequence = {
        absl::MakeConstSpan(tokens).subspan(first, num_tokens),
        static_cast<int64_t>(first), table_, 1};
    const absl::Status status = model_->Forward(
        {&sequence, 1}, {memory_.data(), model_->kv_block_bytes(), num_blocks},
        absl::MakeSpan(logits));
    CHECK(status.ok()) << status;
    first += num_tokens;
  }
  return logits;
}

std::vector<int32_t> DraftOracle::Draft(const DraftRequest& request,
                                        int num_tokens) {
  sampling::Sampler sampler =
      request.sampler != nullptr
          ? *request.sampler
          : *sampling::Sampler::Create({.temperature = 0},
                                       model_->config().vocab_size);
  std::vector<int32_t> tokens(request.tokens.begin(), request.tokens.end());
  sampling::SamplingScratch scratch;
  size_t num_computed = 0;
  for (int i = 0; i < num_tokens; ++i) {
    const std::vector<float> logits = Logits(tokens, num_computed);
    num_computed = tokens.size();
    const auto token = sampler.Sample(logits, tokens.size(), &scratch);
    CHECK(token.ok()) << token.status();
    sampler.Append(*token);
    tokens.push_back(*token);
  }
  return {tokens.end() - num_tokens, tokens.end()};
}

}  // namespace tessera::speculator
