#include "libs/checkpoint/gguf_header.h"

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/checkpoint/file_error.h"
#include "libs/checkpoint/ggml_types.h"
#include "libs/tensor/tensor_view.h"

namespace tessera {
namespace {

constexpr uint64_t kAlignment = 32;
constexpr size_t kMaxTensorNameBytes = 63;  // GGML_MAX_NAME and its final zero

template <typename T>
void Put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void PutString(std::string& bytes, absl::string_view text) {
  Put<uint64_t>(bytes, text.size());
  bytes.append(text.data(), text.size());
}

void PutNumber(std::string& bytes, MetadataType type, uint64_t bits) {
  bytes.append(reinterpret_cast<const char*>(&bits), MetadataTypeBytes(type));
}

uint64_t Align(uint64_t offset) {
  return (offset + kAlignment - 1) / kAlignment * kAlignment;
}

// Serializes the alternatives of MetadataValue::value as `type`.
struct PutValue {
  std::string& bytes;
  MetadataType type;

  void operator()(bool value) const { Put<uint8_t>(bytes, value ? 1 : 0); }
  void operator()(uint64_t value) const { PutNumber(bytes, type, value); }
  void operator()(int64_t value) const {
    PutNumber(bytes, type, static_cast<uint64_t>(value));
  }
  void operator()(double value) const {
    if (type == MetadataType::kFloat64) return Put(bytes, value);
    Put(bytes, static_cast<float>(value));
  }
  void operator()(absl::string_view value) const { PutString(bytes, value); }
  void operator()(const MetadataArray& array) const {
    Put(bytes, static_cast<uint32_t>(array.element_type));
    Put(bytes, array.size);
    bytes.append(reinterpret_cast<const char*>(array.bytes.data()),
                 array.bytes.size());
  }
};

}  // namespace

void GgufHeader::AddKey(absl::string_view key, MetadataType type) {
  PutString(metadata_, key);
  Put(metadata_, static_cast<uint32_t>(type));
  ++num_metadata_;
}

void GgufHeader::Add(absl::string_view key, const MetadataValue& value) {
  AddKey(key, value.type);
  std::visit(PutValue{metadata_, value.type}, value.value);
}

void GgufHeader::AddUint32(absl::string_view key, uint32_t value) {
  Add(key, {MetadataType::kUint32, static_cast<uint64_t>(value)});
}

void GgufHeader::AddFloat32(absl::string_view key, float value) {
  Add(key, {MetadataType::kFloat32, static_cast<double>(value)});
}

void GgufHeader::AddBool(absl::string_view key, bool value) {
  Add(key, {MetadataType::kBool, value});
}

void GgufHeader::AddString(absl::string_view key, absl::string_view value) {
  Add(key, {MetadataType::kString, value});
}

void GgufHeader::AddArray(absl::string_view key, MetadataType element_type,
                          uint64_t size) {
  AddKey(key, MetadataType::kArray);
  Put(metadata_, static_cast<uint32_t>(element_type));
  Put(metadata_, size);
}

void GgufHeader::AddStrings(absl::string_view key,
                            absl::Span<const std::string> values) {
  AddArray(key, MetadataType::kString, values.size());
  for (const std::string& value : values) PutString(metadata_, value);
}

void GgufHeader::AddFloat32s(absl::string_view key,
                             absl::Span<const float> values) {
  AddArray(key, MetadataType::kFloat32, values.size());
  for (const float value : values) Put(metadata_, value);
}

void GgufHeader::AddInt32s(absl::string_view key,
                           absl::Span<const int32_t> values) {
  AddArray(key, MetadataType::kInt32, values.size());
  for (const int32_t value : values) Put(metadata_, value);
}

absl::Status GgufHeader::AddTensor(absl::string_view name, DType dtype,
                                   absl::Span<const int64_t> shape) {
  if (name.size() > kMaxTensorNameBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("tensor ", Quoted(name), ": GGUF names have at most ",
                     kMaxTensorNameBytes, " bytes"));
  }
  absl::StatusOr<int64_t> num_bytes = TensorView::NumBytes(dtype, shape);
  if (!num_bytes.ok()) {
    return Annotate(num_bytes.status(), absl::StrCat("tensor ", Quoted(name)));
  }
  const uint64_t offset =
      tensors_.empty()
          ? 0
          : Align(tensors_.back().offset + tensors_.back().num_bytes);
  PutString(tensor_infos_, name);
  Put(tensor_infos_, static_cast<uint32_t>(shape.size()));
  for (size_t i = shape.size(); i-- > 0;) {
    Put(tensor_infos_, static_cast<uint64_t>(shape[i]));
  }
  Put(tensor_infos_, GgmlTypeId(dtype));
  Put(tensor_infos_, offset);
  tensors_.push_back(
      {std::string(name), offset, static_cast<uint64_t>(*num_bytes)});
  return absl::OkStatus();
}

TensorFileLayout GgufHeader::Layout() const {
  TensorFileLayout layout;
  layout.header = "GGUF";
  Put<uint32_t>(layout.header, 3);
  Put<uint64_t>(layout.header, tensors_.size());
  Put<uint64_t>(layout.header, num_metadata_);
  layout.header += metadata_;
  layout.header += tensor_infos_;
  layout.header.resize(Align(layout.header.size()), '\0');
  layout.tensors = tensors_;
  for (TensorExtent& tensor : layout.tensors) {
    tensor.offset += layout.header.size();
  }
  // Readers that load the data as a whole count the last one's padding too.
  layout.file_bytes = tensors_.empty() ? layout.header.size()
                                       : Align(layout.tensors.back().offset +
                                               layout.tensors.back().num_bytes);
  return layout;
}

}  // namespace tessera
