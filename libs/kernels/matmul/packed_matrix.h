// PackedMatrix: a weight matrix in panels (panel_format.h).
//
//   N num_rows outputs, K num_columns inputs; y[t,n] = sum_k w[n,k] x[t,k]
//
// Rows are given one by one, so that fusing matrices (query, key and value),
// alternating panels of two (gate and up) or undoing a file's permutation of
// rows is only an order of rows. Rows of a panel share a type; panels need not.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/device/cpu_features.h"
#include "libs/kernels/matmul/activations.h"
#include "libs/kernels/matmul/panel_format.h"
#include "libs/tensor/dtype.h"

namespace tessera::kernels {

// One row of a file's tensor: num_columns elements of `dtype`. Null: a row of
// zeros.
struct SourceRow {
  const uint8_t* data;
  DType dtype;
};

// Consecutive panels of one format.
struct PanelRun {
  PanelFormat format;
  ActivationKind activations;  // that it meets
  int64_t first_panel;
  int64_t num_panels;
  int64_t panel_bytes;
  int64_t offset;  // of the first panel, from the matrix's first byte
};

class PackedMatrix {
 public:
  PackedMatrix() = default;

  // Plans the panels of these rows, to be packed into memory given later.
  // Panels of integer formats will meet activations of `integers`, kInt8 or
  // kInt12: the first cost 0.6% of a product, the second nothing that counts
  // and, but for AMX, 1.5 to 1.7 times the time where many tokens share a
  // pass.
  // InvalidArgument: no rows or columns, a row that is not whole blocks of its
  // type, or rows of one panel that differ in type.
  static absl::StatusOr<PackedMatrix> Plan(
      std::vector<SourceRow> rows, int64_t num_columns,
      device::KernelSet kernels,
      ActivationKind integers = ActivationKind::kInt8);

  // Bytes that the panels take; a multiple of 64.
  int64_t num_bytes() const { return num_bytes_; }
  int64_t num_panels() const {
    return (num_rows_ + kPanelRows - 1) / kPanelRows;
  }

  // 64-byte aligned, num_bytes() long, zeroed, outlives this.
  void set_memory(uint8_t* memory) { memory_ = memory; }

  // Fills one panel from its rows; different panels may be packed by different
  // threads. InvalidArgument: a scale, or an element of a float type, is
  // infinite or not a number.
  absl::Status PackPanel(int64_t panel);

  // After the last panel: forgets the source rows.
  void FinishPacking() { std::vector<SourceRow>().swap(rows_); }

  int64_t num_rows() const { return num_rows_; }
  int64_t num_columns() const { return num_columns_; }
  ActivationKinds activation_kinds() const { return activation_kinds_; }
  const std::vector<PanelRun>& runs() const { return runs_; }
  const uint8_t* data() const { return memory_; }

  // Row `row` as floats: what the file's row dequantizes to, bit for bit.
  void DequantizeRow(int64_t row, float* output) const;

 private:
  const PanelRun& RunOf(int64_t panel) const;

  int64_t num_rows_ = 0;
  int64_t num_columns_ = 0;
  int64_t num_bytes_ = 0;
  ActivationKinds activation_kinds_ = 0;
  std::vector<PanelRun> runs_;
  std::vector<SourceRow> rows_;  // until packed
  uint8_t* memory_ = nullptr;
};

}  // namespace tessera::kernels
