#include "libs/tensor/tensor_view.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/status_macros.h"

namespace tessera {
namespace {

// The product of all dimensions but the last.
absl::StatusOr<int64_t> CountRows(absl::Span<const int64_t> shape) {
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < shape.size(); ++i) {
    if (shape[i] < 0 || __builtin_mul_overflow(rows, shape[i], &rows)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "shape ", ShapeString(shape), " is negative or overflows"));
    }
  }
  return rows;
}

}  // namespace

std::string ShapeString(absl::Span<const int64_t> shape) {
  return absl::StrCat("[", absl::StrJoin(shape, ", "), "]");
}

absl::StatusOr<int64_t> TensorView::NumBytes(DType dtype,
                                             absl::Span<const int64_t> shape) {
  if (shape.size() > kMaxRank) {
    return absl::InvalidArgumentError(absl::StrCat(
        "shape ", ShapeString(shape), " has over ", kMaxRank, " dimensions"));
  }
  ASSIGN_OR_RETURN(const int64_t rows, CountRows(shape));
  ASSIGN_OR_RETURN(const int64_t row_bytes,
                   RowBytes(dtype, shape.empty() ? 1 : shape.back()));
  int64_t bytes = 0;
  if (__builtin_mul_overflow(rows, row_bytes, &bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat("shape ", ShapeString(shape), " overflows"));
  }
  return bytes;
}

absl::StatusOr<TensorView> TensorView::Create(DType dtype, Shape shape,
                                              const void* data) {
  TensorView view;
  ASSIGN_OR_RETURN(view.num_bytes_, NumBytes(dtype, shape));
  ASSIGN_OR_RETURN(view.num_rows_, CountRows(shape));
  ASSIGN_OR_RETURN(view.row_bytes_,
                   RowBytes(dtype, shape.empty() ? 1 : shape.back()));
  view.dtype_ = dtype;
  view.shape_ = std::move(shape);
  view.data_ = data;
  return view;
}

int64_t TensorView::num_elements() const { return num_rows_ * row_elements(); }

}  // namespace tessera
