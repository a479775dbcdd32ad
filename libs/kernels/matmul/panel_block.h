// Reads one row's block of 32 columns back from a panel, in plain code: what
// the reference kernel computes with and what an embedding lookup needs.
#pragma once

#include <cstdint>

#include "libs/kernels/matmul/panel_format.h"

namespace tessera::kernels {

// Of an int8 format: w = scale[column / 16] * q + min.
struct IntegerBlock {
  int32_t q[kPanelColumns];  // offset removed: signed where the format is
  float scale[2];            // of each half; equal but in kQ6Super
  float min;
};

// Block `block` of row `lane` of the panel at `panel`.
IntegerBlock ReadIntegerBlock(PanelFormat format, const uint8_t* panel,
                              int64_t block, int lane);

// The same of kBF16, kF16 and kF32.
void ReadFloatBlock(PanelFormat format, const uint8_t* panel, int64_t block,
                    int lane, float* output);

// Of any format, as floats; bit for bit what the file's block dequantizes to.
void DequantizePanelBlock(PanelFormat format, const uint8_t* panel,
                          int64_t block, int lane, float* output);

}  // namespace tessera::kernels
