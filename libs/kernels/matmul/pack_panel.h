// Writes a file's row into its lane of a panel.
#pragma once

#include <cstdint>

#include "libs/kernels/matmul/panel_format.h"
#include "libs/tensor/dtype.h"

namespace tessera::kernels {

// Row `lane` (0 to 15) of the zeroed panel at `panel` becomes the num_columns
// elements of `dtype` at `row`. `format` is PanelFormatFor(dtype, ...). False
// if a scale, or an element of a float type, is infinite or not a number.
bool PackPanelRow(PanelFormat format, DType dtype, const uint8_t* row,
                  int64_t num_columns, int lane, uint8_t* panel);

}  // namespace tessera::kernels
