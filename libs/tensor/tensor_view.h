// TensorView: a shape, a type and a pointer; owns nothing.
//
// Row-major and contiguous. The last dimension is a row; in a quantized type a
// row is a whole number of blocks. At most four dimensions.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "libs/tensor/dtype.h"

namespace tessera {

inline constexpr int kMaxRank = 4;
using Shape = absl::InlinedVector<int64_t, kMaxRank>;

// "[30, 576]"
std::string ShapeString(absl::Span<const int64_t> shape);

class TensorView {
 public:
  TensorView() = default;

  // `data` holds NumBytes(dtype, shape). InvalidArgument: a negative dimension,
  // more than kMaxRank of them, a row that is not whole blocks, or an overflow.
  static absl::StatusOr<TensorView> Create(DType dtype, Shape shape,
                                           const void* data);

  // Bytes that a tensor of this type and shape takes; errors as Create's.
  static absl::StatusOr<int64_t> NumBytes(DType dtype,
                                          absl::Span<const int64_t> shape);

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int rank() const { return static_cast<int>(shape_.size()); }
  int64_t dim(int index) const { return shape_[index]; }
  const void* data() const { return data_; }
  template <typename T>
  const T* data_as() const {
    return static_cast<const T*>(data_);
  }
  int64_t num_bytes() const { return num_bytes_; }
  int64_t num_elements() const;

  // Of a row, the last dimension (1 where there is none).
  int64_t row_elements() const { return shape_.empty() ? 1 : shape_.back(); }
  int64_t num_rows() const { return num_rows_; }
  int64_t row_bytes() const { return row_bytes_; }
  const uint8_t* row(int64_t index) const {
    return static_cast<const uint8_t*>(data_) + index * row_bytes_;
  }

 private:
  DType dtype_ = DType::kF32;
  Shape shape_;
  const void* data_ = nullptr;
  int64_t num_rows_ = 0;
  int64_t row_bytes_ = 0;
  int64_t num_bytes_ = 0;
};

}  // namespace tessera
