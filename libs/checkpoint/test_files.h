// Small files for tests, built in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/checkpoint/gguf_header.h"
#include "libs/checkpoint/tensor_file_writer.h"

namespace tessera {

// Bytes whose start is aligned as a mapping's is, and whose end is the end of
// an allocation, so that ASan sees a read past it.
class AlignedBytes {
 public:
  explicit AlignedBytes(absl::string_view bytes);
  absl::Span<const uint8_t> span() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<uint8_t[]> bytes_;
  size_t size_;
};

// The file of `layout`; byte i of it, where a tensor lies, is i modulo 251.
std::string FileBytes(const TensorFileLayout& layout);

// A header with a value of every metadata type and nested arrays, and four
// tensors: "a" F32 [3], "b" Q4_1 [2, 64], "c" F16 [2, 3, 4], "d" F32 scalar.
GgufHeader SmallGgufHeader();
void AddSmallTensors(GgufHeader& header);

// `value` little endian, to patch into a file.
std::string LittleEndian(uint64_t value, int num_bytes);

}  // namespace tessera
