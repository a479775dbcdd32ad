// Activations: the other operand of a matrix product, laid out for the kernels.
//
// M num_tokens, K columns
//   input  [M,K]  float, rows input_stride apart
// One input may be kept in several kinds at once, since the matrices that it
// meets may be of different formats. A row's bits depend on the row alone.
//
// Rounding to int8 in halves of 16 columns (scale = max|x|/127) costs 0.6% of a
// product; to int12 0.1%; to bf16, 0.1%.
#pragma once

#include <cstdint>

#include "libs/device/cpu_features.h"
#include "libs/kernels/matmul/panel_format.h"

namespace tessera::kernels {

// A set of ActivationKind.
using ActivationKinds = uint8_t;
constexpr ActivationKinds KindBit(ActivationKind kind) {
  return static_cast<ActivationKinds>(1 << static_cast<int>(kind));
}

inline constexpr int64_t kMostTileTokens = 16;

class Activations {
 public:
  Activations() = default;

  // Bytes that any number of tokens up to max_tokens takes.
  static int64_t ScratchBytes(ActivationKinds kinds, int64_t max_tokens,
                              int64_t columns);

  // Lays out `scratch` (64-byte aligned, ScratchBytes long, kept by the caller)
  // for num_tokens rows as `kernels` want them; Pack fills it.
  Activations(device::KernelSet kernels, ActivationKinds kinds,
              int64_t num_tokens, int64_t columns, uint8_t* scratch);

  int64_t num_tokens() const { return num_tokens_; }
  int64_t columns() const { return columns_; }
  int64_t num_blocks() const { return num_blocks_; }
  device::KernelSet kernels() const { return kernels_; }
  ActivationKinds kinds() const { return kinds_; }

  int TileWidth(ActivationKind kind) const;
  int64_t TileBytes(ActivationKind kind) const;
  const uint8_t* data(ActivationKind kind) const {
    return data_[static_cast<int>(kind)];
  }

  // Fills tokens [first_token, end_token) in every kind, from `input`, the row
  // of the first. Different tokens may be filled by different workers.
  void Pack(const float* input, int64_t input_stride, int64_t first_token,
            int64_t end_token) const;

 private:
  int64_t num_tokens_ = 0;
  int64_t columns_ = 0;
  int64_t num_blocks_ = 0;
  device::KernelSet kernels_ = device::KernelSet::kReference;
  ActivationKinds kinds_ = 0;
  uint8_t* data_[kNumActivationKinds] = {};
};

}  // namespace tessera::kernels
