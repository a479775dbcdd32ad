// Which tensors a converted checkpoint has, and their bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/checkpoint/tensor_file_writer.h"
#include "libs/model/config.h"
#include "libs/tensor/dtype.h"
#include "libs/tensor/tensor_view.h"

namespace tessera::model {

enum class CheckpointFormat { kGguf, kSafetensors };

CheckpointFormat FormatOf(const Checkpoint& checkpoint);

// How a query or key matrix's rows are put: see RowOrder's users.
enum class RowOrder {
  kSame,
  kRotateHalfToInterleaved,  // row half * D/2 + i of a head becomes 2i + half
  kInterleavedToRotateHalf,  // the inverse
};

struct TensorConversion {
  std::string source_name;
  std::string name;
  Shape shape;
  DType dtype;  // to write
  RowOrder order = RowOrder::kSame;
};

// One entry for each of the checkpoint's weights, in its order, without copies
// (a tied lm_head) and tables that are computed (inv_freq, rope_freqs between
// formats). Unimplemented: a tensor that the target has no name for, or whose
// type we lack. NotFound, InvalidArgument: the
// embedding, or query or key rows, are not the config's.
absl::StatusOr<std::vector<TensorConversion>> PlanTensors(
    const Checkpoint& checkpoint, const ModelConfig& config,
    CheckpointFormat target, DType matrix_dtype);

// Writes the tensor's bytes, BeginTensor included, and releases the source.
absl::Status WriteTensor(Checkpoint& checkpoint,
                         const TensorConversion& conversion, int64_t head_dim,
                         TensorFileWriter& writer);

}  // namespace tessera::model
