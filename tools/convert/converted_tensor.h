// The tensors of a checkpoint in the other format's names, types and row order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/model/config.h"
#include "libs/tensor/dtype.h"
#include "libs/tensor/tensor_view.h"

namespace tessera::convert {

enum class Format { kGguf, kSafetensors };

// How the rows of a query or key matrix are ordered within a head: GGUF's
// llama puts the two that a rotation pairs side by side, Hugging Face half a
// head apart.
enum class RowOrder { kSame, kPairsToHalves, kHalvesToPairs };

struct ConvertedTensor {
  std::string source_name;
  std::string name;
  DType dtype;
  Shape shape;
  RowOrder row_order = RowOrder::kSame;
  int64_t head_dim = 0;  // rows of a head, where the order changes
};

// What to write, in the source's order. Matrices become `dtype`, vectors F32;
// an output matrix that is the embedding is left out. NotFound, naming it: a
// tensor that the other format has no name for. Unimplemented: a type of ours
// that is not supported.
absl::StatusOr<std::vector<ConvertedTensor>> PlanTensors(
    const Checkpoint& source, const model::ModelConfig& config, DType dtype,
    Format format);

// The row of the source that becomes row `row`.
int64_t SourceRow(const ConvertedTensor& tensor, int64_t row);

// Calls `write` with the bytes of the tensor, a row at a time, in order.
absl::Status WriteRows(
    const ConvertedTensor& tensor, const TensorView& source,
    absl::FunctionRef<absl::Status(absl::Span<const uint8_t>)> write);

}  // namespace tessera::convert
