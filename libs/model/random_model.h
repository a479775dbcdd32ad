// RandomTensors: a small random checkpoint in memory, for tests.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libs/model/config.h"
#include "libs/model/weights.h"
#include "libs/tensor/dtype.h"
#include "libs/tensor/tensor_view.h"

namespace tessera::model {

// 2 layers, 4 query and 2 key/value heads of 32; every size whole blocks of
// 256.
ModelConfig SmallConfig();

class RandomTensors {
 public:
  // All tensors of `config`: matrices of `dtype`, vectors in F32. Weights have
  // the size that keeps a hidden state's size from layer to layer.
  RandomTensors(const ModelConfig& config, DType dtype, uint32_t seed);

  TensorLookup Lookup() const;

  // To damage a tensor, or to take one away.
  struct Tensor {
    DType dtype;
    Shape shape;
    std::vector<uint8_t> bytes;
  };
  std::map<std::string, Tensor>& tensors() { return tensors_; }

 private:
  std::map<std::string, Tensor> tensors_;
};

}  // namespace tessera::model
