#include "libs/checkpoint/gguf_reader.h"

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/checkpoint/file_error.h"
#include "libs/checkpoint/gguf_parser.h"

namespace tessera {

absl::StatusOr<std::unique_ptr<GgufFile>> GgufFile::Open(
    const std::string& path) {
  ASSIGN_OR_RETURN(MappedFile file, MappedFile::Open(path));
  ASSIGN_OR_RETURN(std::unique_ptr<GgufFile> gguf, Parse(file.bytes(), path));
  gguf->file_ = std::move(file);  // the mapping stays where it is
  return gguf;
}

absl::StatusOr<std::unique_ptr<GgufFile>> GgufFile::Parse(
    absl::Span<const uint8_t> bytes, std::string name) {
  std::unique_ptr<GgufFile> gguf(new GgufFile(std::move(name)));
  RETURN_IF_ERROR(Annotate(GgufParser(bytes, *gguf).Parse(), gguf->path_));
  return gguf;
}

const MetadataValue* GgufFile::Find(absl::string_view key) const {
  const auto it = metadata_index_.find(key);
  return it == metadata_index_.end() ? nullptr : &metadata_[it->second].value;
}

const TensorEntry* GgufFile::FindTensor(absl::string_view name) const {
  const auto it = tensor_index_.find(name);
  return it == tensor_index_.end() ? nullptr : &tensors_[it->second];
}

absl::Status GgufFile::WrongType(absl::string_view key,
                                 absl::string_view wanted,
                                 const MetadataValue& value) const {
  return absl::InvalidArgumentError(
      absl::StrCat(path_, ": metadata ", Quoted(key), ": expected ", wanted,
                   ", found ", TypeString(value)));
}

template <typename T>
absl::StatusOr<T> GgufFile::GetAs(absl::string_view key,
                                  absl::string_view wanted) const {
  const MetadataValue* value = Find(key);
  if (value == nullptr) {
    return absl::NotFoundError(
        absl::StrCat(path_, ": no metadata ", Quoted(key)));
  }
  if (const T* typed = std::get_if<T>(&value->value)) return *typed;
  return WrongType(key, wanted, *value);
}

absl::StatusOr<uint64_t> GgufFile::GetUint(absl::string_view key) const {
  const MetadataValue* value = Find(key);
  if (value != nullptr) {
    const auto* integer = std::get_if<int64_t>(&value->value);
    if (integer != nullptr && *integer < 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          path_, ": metadata ", Quoted(key), ": ", *integer, " is negative"));
    }
    if (integer != nullptr) return static_cast<uint64_t>(*integer);
  }
  return GetAs<uint64_t>(key, "an integer");
}

absl::StatusOr<double> GgufFile::GetFloat(absl::string_view key) const {
  return GetAs<double>(key, "float32 or float64");
}

absl::StatusOr<bool> GgufFile::GetBool(absl::string_view key) const {
  return GetAs<bool>(key, "bool");
}

absl::StatusOr<absl::string_view> GgufFile::GetString(
    absl::string_view key) const {
  return GetAs<absl::string_view>(key, "string");
}

template <typename T>
absl::StatusOr<std::vector<T>> GgufFile::GetArray(
    absl::string_view key,
    absl::StatusOr<std::vector<T>> (*convert)(const MetadataValue&)) const {
  const MetadataValue* value = Find(key);
  if (value == nullptr) {
    return absl::NotFoundError(
        absl::StrCat(path_, ": no metadata ", Quoted(key)));
  }
  absl::StatusOr<std::vector<T>> array = convert(*value);
  if (array.ok()) return array;
  return Annotate(array.status(),
                  absl::StrCat(path_, ": metadata ", Quoted(key)));
}

absl::StatusOr<std::vector<absl::string_view>> GgufFile::GetStrings(
    absl::string_view key) const {
  return GetArray(key, ArrayStrings);
}

absl::StatusOr<std::vector<double>> GgufFile::GetFloats(
    absl::string_view key) const {
  return GetArray(key, ArrayFloats);
}

absl::StatusOr<std::vector<int64_t>> GgufFile::GetInts(
    absl::string_view key) const {
  return GetArray(key, ArrayInts);
}

absl::StatusOr<std::vector<bool>> GgufFile::GetBools(
    absl::string_view key) const {
  return GetArray(key, ArrayBools);
}

void GgufFile::Release(const TensorView& view) const {
  if (!file_.has_value()) return;
  file_->Release(
      {view.data_as<uint8_t>(), static_cast<size_t>(view.num_bytes())});
}

}  // namespace tessera
