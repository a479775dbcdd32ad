// One block of each K format; QuantizeRow's private part. 256 elements in.
#pragma once

#include "libs/tensor/block_formats.h"

namespace tessera {

void QuantizeQ4_K(const float* input, BlockQ4_K& block);
void QuantizeQ5_K(const float* input, BlockQ5_K& block);
void QuantizeQ6_K(const float* input, BlockQ6_K& block);

// The inverse of UnpackScaleAndMin: group g (0 to 7) of `scales`, which starts
// zeroed. Both values are below 64.
void PackScaleAndMin(ScaleAndMin value, int g, uint8_t* scales);

}  // namespace tessera
