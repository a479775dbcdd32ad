// DraftOracle: what a draft has to be, by decoding plainly, from nothing, one
// sequence at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "libs/device/huge_buffer.h"
#include "libs/model/model.h"
#include "libs/sampling/sampler.h"
#include "services/speculator/client/speculator_client.h"

namespace tessera::speculator {

// A small model of random weights: `seed` tells one from another.
struct SmallModelOptions {
  uint32_t seed = 7;
  int32_t vocab_size = 300;
  int64_t context_len = 512;
  int num_threads = 1;
  int64_t max_batch_tokens = 256;
  device::WorkerTeam* shared_team = nullptr;
};
std::unique_ptr<model::Model> SmallModel(const SmallModelOptions& options);

class DraftOracle {
 public:
  explicit DraftOracle(const SmallModelOptions& options);

  // The `num_tokens` that the model draws after request.tokens.
  std::vector<int32_t> Draft(const DraftRequest& request, int num_tokens);

 private:
  std::vector<float> Logits(const std::vector<int32_t>& tokens,
                            size_t num_computed);

  const std::unique_ptr<model::Model> model_;
  device::HugeBuffer memory_;
  std::vector<int32_t> table_;
};

}  // namespace tessera::speculator
