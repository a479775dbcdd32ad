// TensorEntry: what a checkpoint's file says of one tensor.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/tensor/tensor_view.h"

namespace tessera {

struct TensorEntry {
  std::string name;          // UTF-8, as in the file
  std::string type_name;     // "Q4_1", "F8_E4M3"; "type 99" if it has no name
  Shape shape;               // row-major; may have over kMaxRank dimensions
  absl::string_view file;    // the path, owned by the reader of the file
  uint64_t file_offset = 0;  // of the first byte
  uint64_t num_bytes = 0;    // 0 where the type's size is unknown
  TensorView view;           // only where `unsupported` is empty
  std::string unsupported;   // why the tensor cannot be loaded
};

// The view of `entry`, which is what a lookup of `name` gave. NotFound where it
// is null, Unimplemented where it is unsupported.
absl::StatusOr<TensorView> LoadableView(const TensorEntry* entry,
                                        absl::string_view name);

}  // namespace tessera
