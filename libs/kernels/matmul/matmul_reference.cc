// Matrix products in plain loops: the oracle of every other version.
#include <cmath>
#include <cstring>

#include "libs/kernels/matmul/panel_block.h"
#include "libs/kernels/matmul/panel_format.h"
#include "libs/kernels/matmul/tile.h"
#include "libs/kernels/matmul/tile_functions.h"
#include "libs/tensor/float16.h"

namespace tessera::kernels {
namespace {

template <typename T>
T Get(const uint8_t* p) {
  T value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

// sum + one block of one row . one token, `activations` being its tile's block.
float AddInt8Block(const IntegerBlock& w, bool has_min, bool halves,
                   const uint8_t* activations, int width, int token,
                   float sum) {
  const Int8BlockLayout layout{width};
  const uint8_t* x = activations + layout.q(token);
  int32_t dot[2] = {0, 0};
  for (int i = 0; i < kPanelColumns; ++i) {
    dot[i / 16] += w.q[i] * static_cast<int8_t>(x[i]);
  }
  const float scale[2] = {Get<float>(activations + layout.scale(token)),
                          Get<float>(activations + layout.scale(token) + 4)};
  if (halves) {
    sum = std::fma(static_cast<float>(dot[0]), w.scale[0] * scale[0], sum);
    return std::fma(static_cast<float>(dot[1]), w.scale[1] * scale[1], sum);
  }
  const float both = std::fma(static_cast<float>(dot[1]), scale[1],
                              static_cast<float>(dot[0]) * scale[0]);
  sum = std::fma(both, w.scale[0], sum);
  if (!has_min) return sum;
  return std::fma(w.min, Get<float>(activations + layout.scaled_sum(token)),
                  sum);
}

float AddInt12Block(const IntegerBlock& w, bool has_min, bool halves,
                    const uint8_t* activations, int width, int token,
                    float sum) {
  const Int12BlockLayout layout{width};
  const uint8_t* high = activations + layout.high(token);
  const uint8_t* low = activations + layout.low(token);
  int32_t dot[2] = {0, 0};
  for (int i = 0; i < kPanelColumns; ++i) {
    const int32_t x = static_cast<int8_t>(high[i]) * (1 << kPlaneBits) +
                      static_cast<int8_t>(low[i]);
    dot[i / 16] += w.q[i] * x;
  }
  if (halves) {
    sum = std::fma(static_cast<float>(dot[0]), w.scale[0], sum);
    return std::fma(static_cast<float>(dot[1]), w.scale[1], sum);
  }
  sum = std::fma(static_cast<float>(dot[0] + dot[1]), w.scale[0], sum);
  if (!has_min) return sum;
  return std::fma(w.min, Get<float>(activations + layout.scaled_sum(token)),
                  sum);
}

void PutOutput(const TileArguments& x, int64_t token, int64_t row, float sum) {
  float& output = x.output[token * x.output_stride + row];
  if (x.bias != nullptr) sum += x.bias[row];
  output = x.accumulate ? output + sum : sum;
}

template <ActivationKind kKind, PanelFormat kFormat>
void MultiplyIntegers(const TileArguments& x) {
  constexpr bool kHalves = kFormat == PanelFormat::kQ6Super;
  constexpr bool kMin =
      kFormat != PanelFormat::kQ4 && kFormat != PanelFormat::kQ8 && !kHalves;
  const int64_t num_blocks = x.num_groups * Geometry(kFormat).group_blocks;
  const int block_bytes = kKind == ActivationKind::kInt8
                              ? Int8BlockLayout{x.tile_width}.bytes()
                              : Int12BlockLayout{x.tile_width}.bytes();
  constexpr auto kAdd =
      kKind == ActivationKind::kInt8 ? AddInt8Block : AddInt12Block;
  for (int64_t row = 0; row < x.num_rows && row < 16 * x.num_panels; ++row) {
    const uint8_t* panel = x.panels + row / kPanelRows * x.panel_bytes;
    for (int64_t token = 0; token < x.num_tokens; ++token) {
      const uint8_t* tile = x.activations + token / x.tile_width * x.tile_bytes;
      float sum = 0;
      for (int64_t b = 0; b < num_blocks; ++b) {
        const IntegerBlock w =
            ReadIntegerBlock(kFormat, panel, b, row % kPanelRows);
        sum = kAdd(w, kMin, kHalves, tile + b * block_bytes, x.tile_width,
                   token % x.tile_width, sum);
      }
      if (kKind == ActivationKind::kInt12) {
        sum *= Get<float>(
            tile + Int12BlockLayout{x.tile_width}.scale(token % x.tile_width));
      }
      PutOutput(x, token, row, sum);
    }
  }
}

// Column `column` of a token, from float or bf16 activations.
template <PanelFormat kFormat>
float Activation(const TileArguments& x, int64_t token, int64_t column) {
  const uint8_t* tile = x.activations + token / x.tile_width * x.tile_bytes;
  const int64_t w = x.tile_width, t = token % w;
  if (kFormat == PanelFormat::kBF16) {
    return BFloat16ToFloat(
        Get<uint16_t>(tile + 4 * (column / 2 * w + t) + 2 * (column % 2)));
  }
  return Get<float>(tile + 4 * (column * w + t));
}

template <PanelFormat kFormat>
void MultiplyFloats(const TileArguments& x) {
  const int64_t columns = x.num_groups * kPanelColumns;
  for (int64_t row = 0; row < x.num_rows && row < 16 * x.num_panels; ++row) {
    const uint8_t* panel = x.panels + row / kPanelRows * x.panel_bytes;
    for (int64_t token = 0; token < x.num_tokens; ++token) {
      float sum = 0;
      for (int64_t column = 0; column < columns; column += kPanelColumns) {
        float w[kPanelColumns];
        ReadFloatBlock(kFormat, panel, column / kPanelColumns, row % kPanelRows,
                       w);
        for (int i = 0; i < kPanelColumns; ++i) {
          sum += w[i] * Activation<kFormat>(x, token, column + i);
        }
      }
      PutOutput(x, token, row, sum);
    }
  }
}

// The float oracle of whole models runs this one: plain, but a panel's 16 rows
// and a tile's tokens at a time, so that a model takes seconds and not minutes.
void MultiplyF32(const TileArguments& x) {
  const int64_t columns = x.num_groups * kPanelColumns;
  const int width = x.tile_width;
  for (int64_t panel = 0; panel < x.num_panels; ++panel) {
    const float* w =
        reinterpret_cast<const float*>(x.panels + panel * x.panel_bytes);
    for (int64_t token = 0; token < x.num_tokens; token += width) {
      const float* a = reinterpret_cast<const float*>(
          x.activations + token / width * x.tile_bytes);
      float sums[8][kPanelRows] = {};
      for (int64_t k = 0; k < columns; ++k) {
        for (int t = 0; t < width; ++t) {
          const float value = a[k * width + t];
          for (int lane = 0; lane < kPanelRows; ++lane) {
            sums[t][lane] += w[k * kPanelRows + lane] * value;
          }
        }
      }
      for (int t = 0; t < width && token + t < x.num_tokens; ++t) {
        for (int lane = 0; lane < kPanelRows; ++lane) {
          const int64_t row = panel * kPanelRows + lane;
          if (row < x.num_rows) PutOutput(x, token + t, row, sums[t][lane]);
        }
      }
    }
  }
}

template <ActivationKind kKind>
void FillIntegers(TileFunction* functions) {
  functions[0] = MultiplyIntegers<kKind, PanelFormat::kQ4>;
  functions[1] = MultiplyIntegers<kKind, PanelFormat::kQ4Min>;
  functions[2] = MultiplyIntegers<kKind, PanelFormat::kQ4Super>;
  functions[3] = MultiplyIntegers<kKind, PanelFormat::kQ6Super>;
  functions[4] = MultiplyIntegers<kKind, PanelFormat::kQ8>;
  functions[5] = MultiplyIntegers<kKind, PanelFormat::kQ8Min>;
  functions[6] = MultiplyIntegers<kKind, PanelFormat::kQ8Super>;
}

}  // namespace

TileFunctions ReferenceTileFunctions() {
  TileFunctions functions = {.bf16 = MultiplyFloats<PanelFormat::kBF16>,
                             .f16 = MultiplyFloats<PanelFormat::kF16>,
                             .f32 = MultiplyF32};
  FillIntegers<ActivationKind::kInt8>(functions.int8);
  FillIntegers<ActivationKind::kInt12>(functions.int12);
  return functions;
}

}  // namespace tessera::kernels
