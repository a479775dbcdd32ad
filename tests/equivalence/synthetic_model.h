// Small models of random weights, one for each feature of the family.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libs/model/config.h"
#include "libs/model/model.h"
#include "libs/tensor/dtype.h"

namespace tessera::equivalence {

struct SyntheticModel {
  std::string name;
  model::ModelConfig config;
  DType matrix_type = DType::kQ4_1;
  DType embedding_type = DType::kQ8_0;
  bool biases = false;  // of query, key and value
  attention::KvDType kv_dtype = attention::KvDType::kBF16;
};

// Attention from MHA to MQA, biases, norms of heads, windows, partial rotation,
// sizes that are no multiple of a panel, and each type of weights.
std::vector<SyntheticModel> SyntheticModels();

// Weights depend on the tensors' names and shapes alone. CHECKs that it loads.
std::unique_ptr<model::Model> Build(const SyntheticModel& synthetic,
                                    const device::WorkerTeamOptions& team,
                                    int64_t max_batch_tokens);

}  // namespace tessera::equivalence
