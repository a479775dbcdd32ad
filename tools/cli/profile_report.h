// `tessera bench --profile`: where a forward pass spends its time, and how fast
// each operation reads its weights and multiplies.
#pragma once

#include <cstdint>
#include <string>

#include "libs/model/config.h"
#include "libs/model/profile.h"
#include "libs/model/weights.h"

namespace tessera::cli {

// Weights of one operation, over all layers.
struct OperationWeights {
  int64_t num_bytes = 0;
  int64_t num_products = 0;  // multiplications and additions a token
};
OperationWeights WeightsOf(model::ForwardOp op,
                           const model::ModelConfig& config,
                           const model::ModelWeights& weights);

// A line an operation: milliseconds a pass, share, GB/s of weights, GOP/s.
// tokens_per_pass: of the batch; logits are counted for one token.
std::string ProfileTable(const model::ForwardProfile& profile,
                         const model::ModelConfig& config,
                         const model::ModelWeights& weights,
                         double tokens_per_pass);

}  // namespace tessera::cli
