#include "libs/checkpoint/safetensors_header.h"

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/checkpoint/file_error.h"
#include "libs/checkpoint/safetensors_types.h"
#include "nlohmann/json.hpp"

namespace tessera {
namespace {

// Where data starts: the reference pads to this, so that every element type is
// aligned in a mapping.
constexpr size_t kHeaderAlignment = 8;

}  // namespace

absl::Status SafetensorsHeader::AddTensor(absl::string_view name, DType dtype,
                                          absl::Span<const int64_t> shape) {
  const SafetensorsType* type = FindSafetensorsType(DTypeName(dtype));
  if (type == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("tensor ", Quoted(name),
                                                   ": safetensors has no type ",
                                                   DTypeName(dtype)));
  }
  const absl::StatusOr<int64_t> num_bytes = TensorView::NumBytes(dtype, shape);
  if (!num_bytes.ok()) {
    return Annotate(num_bytes.status(), absl::StrCat("tensor ", Quoted(name)));
  }
  uint64_t offset = 0;
  if (!tensors_.empty()) {
    const TensorExtent& last = tensors_.back().extent;
    offset = last.offset + last.num_bytes;
  }
  tensors_.push_back(
      {std::string(type->name),
       Shape(shape.begin(), shape.end()),
       {std::string(name), offset, static_cast<uint64_t>(*num_bytes)}});
  return absl::OkStatus();
}

TensorFileLayout SafetensorsHeader::Layout() const {
  nlohmann::json json;
  json["__metadata__"]["format"] = "pt";
  for (const Declared& tensor : tensors_) {
    nlohmann::json& info = json[tensor.extent.name];
    info["dtype"] = tensor.type_name;
    info["shape"] =
        std::vector<int64_t>(tensor.shape.begin(), tensor.shape.end());
    info["data_offsets"] = {tensor.extent.offset,
                            tensor.extent.offset + tensor.extent.num_bytes};
  }
  std::string text = json.dump();
  const size_t padded = (text.size() + kHeaderAlignment - 1) /
                        kHeaderAlignment * kHeaderAlignment;
  text.resize(padded, ' ');

  TensorFileLayout layout;
  const uint64_t length = text.size();
  layout.header.assign(reinterpret_cast<const char*>(&length), sizeof(length));
  layout.header += text;
  layout.file_bytes = layout.header.size();
  for (const Declared& tensor : tensors_) {
    layout.tensors.push_back(tensor.extent);
    layout.tensors.back().offset += layout.header.size();
    layout.file_bytes += tensor.extent.num_bytes;
  }
  return layout;
}

}  // namespace tessera
