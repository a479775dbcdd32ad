// TensorFileWriter: a header, then the tensors' bytes one after the other, as
// they come: no tensor need ever be whole in memory.
//
//   ASSIGN_OR_RETURN(TensorFileLayout layout, header.Layout());
//   ASSIGN_OR_RETURN(auto writer, TensorFileWriter::Create(path, layout));
//   for each tensor, in the order declared:
//     writer.BeginTensor(name); writer.Append(row); ...
//   writer.Finish();
//
// GgufHeader and SafetensorsHeader make the layouts.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/checkpoint/atomic_file.h"

namespace tessera {

struct TensorExtent {
  std::string name;
  uint64_t offset;  // in the file
  uint64_t num_bytes;
};

struct TensorFileLayout {
  std::string header;                 // the file's first bytes
  std::vector<TensorExtent> tensors;  // ascending offsets, gaps become zeros
  uint64_t file_bytes = 0;            // zeros follow the last tensor up to it
};

class TensorFileWriter {
 public:
  // The file appears at Finish: see AtomicFile.
  static absl::StatusOr<TensorFileWriter> Create(std::string path,
                                                 TensorFileLayout layout);

  // The next tensor in the layout's order is `name`, the one before is
  // complete; both CHECKed.
  absl::Status BeginTensor(absl::string_view name);

  // The next bytes of the tensor begun, within its size (CHECKed).
  absl::Status Append(absl::Span<const uint8_t> bytes);

  // Every tensor is complete (CHECKed).
  absl::Status Finish();

 private:
  TensorFileWriter(AtomicFile file, TensorFileLayout layout)
      : file_(std::move(file)), layout_(std::move(layout)) {}
  void CheckLastIsComplete() const;

  AtomicFile file_;
  TensorFileLayout layout_;
  size_t num_begun_ = 0;
  uint64_t missing_bytes_ = 0;  // of the last tensor begun
};

}  // namespace tessera
