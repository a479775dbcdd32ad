#include "libs/kernels/matmul/activations.h"

#include <algorithm>
#include <cstring>

#include "libs/base/check.h"
#include "libs/kernels/matmul/tile.h"
#include "libs/kernels/matmul/tile_functions.h"

namespace tessera::kernels {
namespace {

constexpr ActivationKind kAllKinds[] = {
    ActivationKind::kInt8, ActivationKind::kInt12, ActivationKind::kBF16,
    ActivationKind::kF32};

// A wider tile shares each weight among more tokens; a narrower one spreads
// fewer bytes over the L1. AMX tiles have 16 rows.
int WidthFor(device::KernelSet kernels, ActivationKind kind,
             int64_t num_tokens) {
  if (num_tokens <= 1) return 1;
  if (num_tokens <= 4) return 4;
  const bool in_tiles = kernels == device::KernelSet::kAmx &&
                        kind == ActivationKind::kInt12 && num_tokens > 8;
  return in_tiles ? 16 : 8;
}

// Even, since formats without a minimum pair their blocks; 4 at least, since
// the AMX kernels work that far ahead.
int64_t NumBlocks(int64_t columns) {
  return std::max<int64_t>((columns + 63) / 64 * 2, 4);
}

int64_t BlockBytes(ActivationKind kind, int tile_width) {
  switch (kind) {
    case ActivationKind::kInt8:
      return Int8BlockLayout{tile_width}.bytes();
    case ActivationKind::kInt12:
      return Int12BlockLayout{tile_width}.bytes();
    case ActivationKind::kBF16:
      return int64_t{kBFloat16BlockBytes} * tile_width;
    case ActivationKind::kF32:
      break;
  }
  return int64_t{kFloatBlockBytes} * tile_width;
}

int64_t RoundUp(int64_t n, int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

int64_t KindBytes(ActivationKind kind, int width, int64_t num_tokens,
                  int64_t columns) {
  return RoundUp(RoundUp(num_tokens, width) / width * NumBlocks(columns) *
                     BlockBytes(kind, width),
                 64);
}

void CopyFloats(const ActivationRow& row) {
  for (int64_t b = 0; b < row.num_blocks; ++b) {
    uint8_t* block = row.tile + b * kFloatBlockBytes * row.tile_width;
    for (int i = 0; i < 32; ++i) {
      const int64_t column = 32 * b + i;
      const float x = column < row.columns ? row.input[column] : 0.0f;
      std::memcpy(block + 4 * (i * row.tile_width + row.token), &x, 4);
    }
  }
}

ActivationFunction FunctionFor(ActivationKind kind, device::KernelSet kernels) {
  const device::KernelSet set = device::VectorKernels(kernels);
  const ActivationFunctions functions =
      set == device::KernelSet::kAvx512 ? Avx512ActivationFunctions()
      : set == device::KernelSet::kAvx2 ? Avx2ActivationFunctions()
                                        : ReferenceActivationFunctions();
  switch (kind) {
    case ActivationKind::kInt8:
      return functions.int8;
    case ActivationKind::kInt12:
      return functions.int12;
    case ActivationKind::kBF16:
      return functions.bf16;
    case ActivationKind::kF32:
      break;
  }
  return CopyFloats;
}

// The scales and sums of the tokens from `token` on of a tile that has fewer:
// kernels compute them all the same, and what lies there from another layout
// may be denormal floats, at a hundred cycles each (a pass of 12 tokens took
// twice one of 16).
void ClearScales(ActivationKind kind, uint8_t* tile, int token, int width,
                 int64_t num_blocks) {
  const int count = width - token;
  const int64_t bytes = BlockBytes(kind, width);
  for (uint8_t* block = tile; block < tile + num_blocks * bytes;
       block += bytes) {
    if (kind == ActivationKind::kInt8) {
      const Int8BlockLayout layout{width};
      std::memset(block + layout.scale(token), 0, 8 * count);
      std::memset(block + layout.scaled_sum(token), 0, 4 * count);
    } else if (kind == ActivationKind::kInt12) {
      const Int12BlockLayout layout{width};
      std::memset(block + layout.scale(token), 0, 4 * count);
      std::memset(block + layout.scaled_sum(token), 0, 4 * count);
    }
  }
}

}  // namespace

int64_t Activations::ScratchBytes(ActivationKinds kinds, int64_t max_tokens,
                                  int64_t columns) {
  int64_t bytes = 0;
  for (const ActivationKind kind : kAllKinds) {
    // Few tokens in a wide tile can take more than many in whole ones.
    if (kinds & KindBit(kind)) {
      bytes += KindBytes(kind, kMostTileTokens, max_tokens, columns);
    }
  }
  return bytes;
}

Activations::Activations(device::KernelSet kernels, ActivationKinds kinds,
                         int64_t num_tokens, int64_t columns, uint8_t* scratch)
    : num_tokens_(num_tokens),
      columns_(columns),
      num_blocks_(NumBlocks(columns)),
      kernels_(kernels),
      kinds_(kinds) {
  DCHECK(reinterpret_cast<uintptr_t>(scratch) % 64 == 0);
  for (const ActivationKind kind : kAllKinds) {
    if ((kinds & KindBit(kind)) == 0) continue;
    data_[static_cast<int>(kind)] = scratch;
    scratch += KindBytes(kind, TileWidth(kind), num_tokens, columns);
  }
}

int Activations::TileWidth(ActivationKind kind) const {
  return WidthFor(kernels_, kind, num_tokens_);
}

int64_t Activations::TileBytes(ActivationKind kind) const {
  return num_blocks_ * BlockBytes(kind, TileWidth(kind));
}

void Activations::Pack(const float* input, int64_t input_stride,
                       int64_t first_token, int64_t end_token) const {
  DCHECK(end_token <= num_tokens_);
  for (const ActivationKind kind : kAllKinds) {
    if ((kinds_ & KindBit(kind)) == 0) continue;
    const ActivationFunction function = FunctionFor(kind, kernels_);
    const int width = TileWidth(kind);
    const int64_t tile_bytes = TileBytes(kind);
    uint8_t* const tiles = data_[static_cast<int>(kind)];
    for (int64_t token = first_token; token < end_token; ++token) {
      function({.input = input + (token - first_token) * input_stride,
                .columns = columns_,
                .num_blocks = num_blocks_,
                .tile = tiles + token / width * tile_bytes,
                .tile_width = width,
                .token = static_cast<int>(token % width)});
    }
    if (end_token == num_tokens_ && num_tokens_ % width != 0) {
      ClearScales(kind, tiles + num_tokens_ / width * tile_bytes,
                  static_cast<int>(num_tokens_ % width), width, num_blocks_);
    }
  }
}

}  // namespace tessera::kernels
