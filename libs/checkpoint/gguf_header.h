// GgufHeader: builds the head of a GGUF file; TensorFileWriter writes the rest.
//
// Version 3, little endian, tensors aligned to 32 bytes.
// Source: gguf.md of ggml (MIT).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/checkpoint/gguf_metadata.h"
#include "libs/checkpoint/tensor_file_writer.h"
#include "libs/tensor/dtype.h"

namespace tessera {

class GgufHeader {
 public:
  // One metadata entry each, written in this order. A key is added once.
  void AddUint32(absl::string_view key, uint32_t value);
  void AddFloat32(absl::string_view key, float value);
  void AddBool(absl::string_view key, bool value);
  void AddString(absl::string_view key, absl::string_view value);
  void AddStrings(absl::string_view key, absl::Span<const std::string> values);
  void AddFloat32s(absl::string_view key, absl::Span<const float> values);
  void AddInt32s(absl::string_view key, absl::Span<const int32_t> values);

  // The value as a GgufFile read it, type and all.
  void Add(absl::string_view key, const MetadataValue& value);

  // Declares a tensor; `shape` is row-major. InvalidArgument where the row is
  // not whole blocks, the rank is over four, the size overflows, or the name
  // has 64 bytes or more, which llama.cpp refuses.
  absl::Status AddTensor(absl::string_view name, DType dtype,
                         absl::Span<const int64_t> shape);

  // The header's bytes, and where each tensor goes.
  TensorFileLayout Layout() const;

 private:
  void AddKey(absl::string_view key, MetadataType type);
  void AddArray(absl::string_view key, MetadataType element_type,
                uint64_t size);

  uint64_t num_metadata_ = 0;
  std::string metadata_;               // serialized entries
  std::string tensor_infos_;           // serialized entries
  std::vector<TensorExtent> tensors_;  // offsets count from the data's start
};

}  // namespace tessera
