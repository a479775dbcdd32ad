// Fills a GgufFile from bytes; private to gguf_reader, which puts the path
// before its errors.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "libs/checkpoint/byte_cursor.h"
#include "libs/checkpoint/ggml_types.h"
#include "libs/checkpoint/gguf_reader.h"

namespace tessera {

class GgufParser {
 public:
  GgufParser(absl::Span<const uint8_t> bytes, GgufFile& file)
      : bytes_(bytes), cursor_(bytes), file_(file) {}

  absl::Status Parse();

 private:
  // What an entry takes at the least: a claimed count that does not fit in the
  // rest of the file is refused before anything is allocated for it.
  static constexpr uint64_t kMinMetadataBytes = 8 + 1 + 4 + 1;
  static constexpr uint64_t kMinTensorBytes = 8 + 1 + 4 + 4 + 8;

  absl::Status CheckCount(absl::string_view what, uint64_t count,
                          uint64_t min_bytes) const;
  absl::Status CheckName(absl::string_view what, absl::string_view name) const;
  absl::Status ParseHeader();
  absl::Status ParseMetadata();
  absl::StatusOr<MetadataType> ParseType();
  absl::StatusOr<MetadataValue> ParseValue(MetadataType type);
  absl::StatusOr<MetadataArray> ParseArray(int depth);
  absl::Status ParseAlignment();
  absl::Status ParseTensors();
  absl::StatusOr<TensorEntry> ParseTensor();
  absl::Status PlaceTensors();
  absl::Status PlaceTensor(uint64_t data_offset, TensorEntry& tensor);
  absl::Status CheckOverlaps() const;

  const absl::Span<const uint8_t> bytes_;
  ByteCursor cursor_;
  GgufFile& file_;
  uint64_t num_tensors_ = 0;
  uint64_t num_metadata_ = 0;
  std::vector<const GgmlType*> types_;  // of file_.tensors_; may be null
};

}  // namespace tessera
