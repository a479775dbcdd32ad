// The JSON header of a safetensors file, read and written.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/checkpoint/tensor_file_writer.h"
#include "libs/tensor/dtype.h"
#include "libs/tensor/tensor_view.h"

namespace tessera {

// As it stands in the header; offsets count from the header's end.
struct SafetensorsInfo {
  std::string name;
  std::string type_name;
  Shape shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

struct ParsedSafetensorsHeader {
  std::map<std::string, std::string> metadata;
  std::vector<SafetensorsInfo> tensors;  // in the header's order
};

// Reads the JSON without building a tree of it: memory stays within a few times
// the text's. InvalidArgument: not JSON, or not of the header's form.
absl::StatusOr<ParsedSafetensorsHeader> ParseSafetensorsHeader(
    absl::string_view json);

// Builds a header; TensorFileWriter writes the rest.
class SafetensorsHeader {
 public:
  // Declares a tensor, laid out in this order; a name is added once.
  // InvalidArgument: a type that safetensors lacks, or an overflow.
  absl::Status AddTensor(absl::string_view name, DType dtype,
                         absl::Span<const int64_t> shape);

  // With {"__metadata__": {"format": "pt"}}, which transformers asks for.
  TensorFileLayout Layout() const;

 private:
  struct Declared {
    std::string type_name;
    Shape shape;
    TensorExtent extent;  // counts from the data's start
  };
  std::vector<Declared> tensors_;
};

}  // namespace tessera
