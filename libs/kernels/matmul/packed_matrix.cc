#include "libs/kernels/matmul/packed_matrix.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "libs/kernels/matmul/pack_panel.h"
#include "libs/kernels/matmul/panel_block.h"

namespace tessera::kernels {

absl::StatusOr<PackedMatrix> PackedMatrix::Plan(std::vector<SourceRow> rows,
                                                int64_t num_columns,
                                                device::KernelSet kernels,
                                                ActivationKind integers) {
  if (rows.empty() || num_columns <= 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a matrix of ", rows.size(), " rows and ", num_columns, " columns"));
  }
  PackedMatrix matrix;
  matrix.num_rows_ = static_cast<int64_t>(rows.size());
  matrix.num_columns_ = num_columns;
  for (int64_t panel = 0; panel < matrix.num_panels(); ++panel) {
    const int64_t first = panel * kPanelRows;
    const int64_t end = std::min(first + kPanelRows, matrix.num_rows_);
    const DType dtype = rows[first].dtype;
    for (int64_t row = first; row < end; ++row) {
      if (rows[row].dtype != dtype) {
        return absl::InvalidArgumentError(absl::StrCat(
            "rows ", first, " and ", row, " share a panel but are of types ",
            DTypeName(dtype), " and ", DTypeName(rows[row].dtype)));
      }
    }
    RETURN_IF_ERROR(RowBytes(dtype, num_columns).status());
    const PanelFormat format = PanelFormatFor(dtype, kernels);
    const PanelGeometry& geometry = Geometry(format);
    const ActivationKind activations =
        geometry.activations == ActivationKind::kInt8 ? integers
                                                      : geometry.activations;
    if (matrix.runs_.empty() || matrix.runs_.back().format != format) {
      matrix.runs_.push_back({format, activations, panel, 0,
                              geometry.PanelBytes(num_columns),
                              matrix.num_bytes_});
    }
    ++matrix.runs_.back().num_panels;
    matrix.num_bytes_ += geometry.PanelBytes(num_columns);
    matrix.activation_kinds_ |= KindBit(activations);
  }
  matrix.rows_ = std::move(rows);
  return matrix;
}

const PanelRun& PackedMatrix::RunOf(int64_t panel) const {
  const auto run = std::find_if(
      runs_.begin(), runs_.end(), [panel](const PanelRun& candidate) {
        return panel < candidate.first_panel + candidate.num_panels;
      });
  DCHECK(run != runs_.end());
  return *run;
}

absl::Status PackedMatrix::PackPanel(int64_t panel) {
  DCHECK(memory_ != nullptr && !rows_.empty());
  const PanelRun& run = RunOf(panel);
  uint8_t* data =
      memory_ + run.offset + (panel - run.first_panel) * run.panel_bytes;
  const int64_t first = panel * kPanelRows;
  const int64_t end = std::min(first + kPanelRows, num_rows_);
  for (int64_t row = first; row < end; ++row) {
    if (rows_[row].data == nullptr) continue;
    if (!PackPanelRow(run.format, rows_[row].dtype, rows_[row].data,
                      num_columns_, static_cast<int>(row - first), data)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "row ", row, " has a scale or an element that is not finite"));
    }
  }
  return absl::OkStatus();
}

void PackedMatrix::DequantizeRow(int64_t row, float* output) const {
  const int64_t panel = row / kPanelRows;
  const PanelRun& run = RunOf(panel);
  const uint8_t* data =
      memory_ + run.offset + (panel - run.first_panel) * run.panel_bytes;
  for (int64_t column = 0; column < num_columns_; column += kPanelColumns) {
    float block[kPanelColumns];
    DequantizePanelBlock(run.format, data, column / kPanelColumns,
                         static_cast<int>(row % kPanelRows), block);
    const int64_t n = std::min<int64_t>(kPanelColumns, num_columns_ - column);
    std::copy(block, block + n, output + column);
  }
}

}  // namespace tessera::kernels
