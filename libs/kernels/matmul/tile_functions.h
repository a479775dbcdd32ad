// The kernels of each instruction set, by panel format. Chosen in matmul.cc and
// activations.cc alone.
#pragma once

#include "libs/kernels/matmul/tile.h"

namespace tessera::kernels {

// In the order of PanelFormat.
struct TileFunctions {
  TileFunction q4, q4_min, q4_super, q6_super, q8, q8_min, q8_super;
  TileFunction bf16, f16, f32;
};

struct ActivationFunctions {
  ActivationFunction int8, bf16;
};

TileFunctions ReferenceTileFunctions();
TileFunctions Avx2TileFunctions();
TileFunctions Avx512TileFunctions();

ActivationFunctions ReferenceActivationFunctions();
ActivationFunctions Avx2ActivationFunctions();
ActivationFunctions Avx512ActivationFunctions();

}  // namespace tessera::kernels
