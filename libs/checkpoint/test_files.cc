#include "libs/checkpoint/test_files.h"

#include <cstring>

#include "libs/base/check.h"

namespace tessera {
namespace {

void AddTensor(GgufHeader& header, absl::string_view name, DType dtype,
               absl::Span<const int64_t> shape) {
  CHECK(header.AddTensor(name, dtype, shape).ok()) << std::string(name);
}

void AddNumbers(GgufHeader& header) {
  using Type = MetadataType;
  header.Add("t.uint8", {Type::kUint8, uint64_t{200}});
  header.Add("t.int8", {Type::kInt8, int64_t{-100}});
  header.Add("t.uint16", {Type::kUint16, uint64_t{60000}});
  header.Add("t.int16", {Type::kInt16, int64_t{-30000}});
  header.AddUint32("t.uint32", 4000000000);
  header.Add("t.int32", {Type::kInt32, int64_t{-2000000000}});
  header.Add("t.uint64", {Type::kUint64, ~uint64_t{0}});
  header.Add("t.int64", {Type::kInt64, int64_t{-5}});
  header.AddFloat32("t.float32", 0.5f);
  header.Add("t.float64", {Type::kFloat64, 0.1});
  header.AddBool("t.bool", true);
}

}  // namespace

AlignedBytes::AlignedBytes(absl::string_view bytes)
    : bytes_(new uint8_t[bytes.size()]), size_(bytes.size()) {
  if (size_ > 0) std::memcpy(bytes_.get(), bytes.data(), size_);
}

std::string FileBytes(const TensorFileLayout& layout) {
  std::string bytes = layout.header;
  bytes.resize(layout.file_bytes, '\0');
  for (const TensorExtent& tensor : layout.tensors) {
    for (uint64_t i = 0; i < tensor.num_bytes; ++i) {
      bytes[tensor.offset + i] = static_cast<char>((tensor.offset + i) % 251);
    }
  }
  return bytes;
}

GgufHeader SmallGgufHeader() {
  GgufHeader header;
  header.AddString("general.architecture", "llama");
  header.AddUint32("general.alignment", 32);
  AddNumbers(header);
  header.AddStrings("t.strings", {"", "a", std::string("b\0c", 3)});
  header.AddFloat32s("t.floats", {1.5f, -2.0f});
  header.AddInt32s("t.ints", {3, -4});
  const std::string inner = LittleEndian(0, 4) + LittleEndian(2, 8) + "\7\x8" +
                            LittleEndian(7, 4) + LittleEndian(1, 8) + "\1";
  const AlignedBytes nested(inner);  // [[7, 8], [true]]
  header.Add("t.nested",
             {MetadataType::kArray,
              MetadataArray{MetadataType::kArray, 2, nested.span()}});
  AddSmallTensors(header);
  return header;
}

void AddSmallTensors(GgufHeader& header) {
  AddTensor(header, "a", DType::kF32, {3});
  AddTensor(header, "b", DType::kQ4_1, {2, 64});
  AddTensor(header, "c", DType::kF16, {2, 3, 4});
  AddTensor(header, "d", DType::kF32, {});
}

std::string LittleEndian(uint64_t value, int num_bytes) {
  return {reinterpret_cast<const char*>(&value),
          static_cast<size_t>(num_bytes)};
}

}  // namespace tessera
