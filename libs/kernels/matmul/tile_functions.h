// The kernels of each instruction set, by panel format. Chosen in matmul.cc and
// activations.cc alone.
#pragma once

#include "libs/kernels/matmul/tile.h"

namespace tessera::kernels {

// The integer formats in the order of PanelFormat, which has them first.
inline constexpr int kNumIntegerFormats = 7;
struct TileFunctions {
  TileFunction int8[kNumIntegerFormats];
  TileFunction int12[kNumIntegerFormats];
  TileFunction bf16, f16, f32;
};

struct ActivationFunctions {
  ActivationFunction int8, int12, bf16;
};

TileFunctions ReferenceTileFunctions();
TileFunctions Avx2TileFunctions();
TileFunctions Avx512TileFunctions();
TileFunctions AmxTileFunctions();

ActivationFunctions ReferenceActivationFunctions();
ActivationFunctions Avx2ActivationFunctions();
ActivationFunctions Avx512ActivationFunctions();

}  // namespace tessera::kernels
