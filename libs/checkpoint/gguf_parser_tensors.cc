// The second half of GgufParser: the list of tensors, and where they lie.
#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/checkpoint/file_error.h"
#include "libs/checkpoint/ggml_types.h"
#include "libs/checkpoint/gguf_parser.h"

namespace tessera {
namespace {

constexpr uint64_t kDefaultAlignment = 32;
constexpr uint64_t kMaxAlignment = 1 << 20;

}  // namespace

absl::Status GgufParser::ParseAlignment() {
  file_.alignment_ = kDefaultAlignment;
  if (file_.Find("general.alignment") == nullptr) return absl::OkStatus();
  const absl::StatusOr<uint64_t> value = file_.GetUint("general.alignment");
  const uint64_t alignment = value.ok() ? *value : 0;  // 0: refused below
  const bool is_power_of_two = (alignment & (alignment - 1)) == 0;
  if (alignment < 8 || alignment > kMaxAlignment || !is_power_of_two) {
    return absl::InvalidArgumentError(absl::StrCat(
        "metadata \"general.alignment\" is not a power of two from 8 to ",
        kMaxAlignment));
  }
  file_.alignment_ = alignment;
  return absl::OkStatus();
}

absl::Status GgufParser::ParseTensors() {
  RETURN_IF_ERROR(CheckCount("tensors", num_tensors_, kMinTensorBytes));
  file_.tensors_.reserve(num_tensors_);
  types_.reserve(num_tensors_);
  for (uint64_t i = 0; i < num_tensors_; ++i) {
    ASSIGN_OR_RETURN(const absl::string_view name,
                     cursor_.ReadString("tensor name"));
    RETURN_IF_ERROR(CheckName("tensor name", name));
    absl::StatusOr<TensorEntry> tensor = ParseTensor();
    if (!tensor.ok()) {
      return Annotate(tensor.status(), absl::StrCat("tensor ", Quoted(name)));
    }
    tensor->name = std::string(name);
    tensor->file = file_.path_;
    if (!file_.tensor_index_.emplace(name, i).second) {
      return cursor_.Error(
          absl::StrCat("tensor ", Quoted(name), " stands twice"));
    }
    file_.tensors_.push_back(*std::move(tensor));
  }
  return absl::OkStatus();
}

// All but the name; `file_offset` still counts from the data's start.
absl::StatusOr<TensorEntry> GgufParser::ParseTensor() {
  TensorEntry tensor;
  ASSIGN_OR_RETURN(const uint32_t rank,
                   cursor_.Read<uint32_t>("number of dimensions"));
  if (rank > kMaxRank) {
    return cursor_.Error(
        absl::StrCat(rank, " dimensions; at most ", kMaxRank, " are allowed"));
  }
  tensor.shape.resize(rank);
  for (uint32_t i = 0; i < rank; ++i) {
    ASSIGN_OR_RETURN(const uint64_t size, cursor_.Read<uint64_t>("dimension"));
    if (size > std::numeric_limits<int64_t>::max()) {
      return cursor_.Error(absl::StrCat("dimension ", i, " is ", size));
    }
    tensor.shape[rank - 1 - i] = static_cast<int64_t>(size);
  }
  ASSIGN_OR_RETURN(const uint32_t id, cursor_.Read<uint32_t>("tensor type"));
  ASSIGN_OR_RETURN(tensor.file_offset, cursor_.Read<uint64_t>("tensor offset"));
  const GgmlType* type = FindGgmlType(id);
  types_.push_back(type);
  tensor.type_name =
      type == nullptr ? absl::StrCat("type ", id) : std::string(type->name);
  if (type == nullptr || !type->dtype.has_value()) {
    tensor.unsupported =
        absl::StrCat("has ", type == nullptr ? "" : "type ", tensor.type_name,
                     ", not supported; supported are ", SupportedGgmlTypes());
  }
  if (type != nullptr) {
    absl::StatusOr<int64_t> num_bytes = GgmlTensorBytes(*type, tensor.shape);
    if (!num_bytes.ok()) return cursor_.Error(num_bytes.status().message());
    tensor.num_bytes = *num_bytes;
  }
  return tensor;
}

absl::Status GgufParser::PlaceTensors() {
  // The data starts at the next multiple of the alignment.
  const uint64_t data_offset =
      (cursor_.position() + file_.alignment_ - 1) & ~(file_.alignment_ - 1);
  for (size_t i = 0; i < file_.tensors_.size(); ++i) {
    TensorEntry& tensor = file_.tensors_[i];
    RETURN_IF_ERROR(Annotate(PlaceTensor(data_offset, tensor),
                             absl::StrCat("tensor ", Quoted(tensor.name))));
    if (types_[i] == nullptr || !types_[i]->dtype.has_value()) continue;
    ASSIGN_OR_RETURN(tensor.view,
                     TensorView::Create(*types_[i]->dtype, tensor.shape,
                                        bytes_.data() + tensor.file_offset));
  }
  return absl::OkStatus();
}

absl::Status GgufParser::PlaceTensor(uint64_t data_offset,
                                     TensorEntry& tensor) {
  const uint64_t relative = tensor.file_offset;
  if (relative % file_.alignment_ != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("its offset ", relative, " is not a multiple of ",
                     file_.alignment_, ", the file's alignment"));
  }
  const uint64_t available =
      data_offset > bytes_.size() ? 0 : bytes_.size() - data_offset;
  if (relative > available || tensor.num_bytes > available - relative) {
    return absl::InvalidArgumentError(
        absl::StrCat("its ", tensor.num_bytes, " bytes at offset ", relative,
                     " of the data lie outside of the file, which has ",
                     available, " bytes of data from offset ", data_offset,
                     "; is the download complete?"));
  }
  tensor.file_offset = data_offset + relative;
  return absl::OkStatus();
}

absl::Status GgufParser::CheckOverlaps() const {
  std::vector<const TensorEntry*> sorted;
  sorted.reserve(file_.tensors_.size());
  for (const TensorEntry& tensor : file_.tensors_) {
    if (tensor.num_bytes > 0) sorted.push_back(&tensor);
  }
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    return a->file_offset < b->file_offset;
  });
  for (size_t i = 1; i < sorted.size(); ++i) {
    const TensorEntry& before = *sorted[i - 1];
    if (before.file_offset + before.num_bytes > sorted[i]->file_offset) {
      return ErrorAt(sorted[i]->file_offset,
                     absl::StrCat("tensors ", Quoted(before.name), " and ",
                                  Quoted(sorted[i]->name), " overlap"));
    }
  }
  return absl::OkStatus();
}

}  // namespace tessera
