#include "libs/checkpoint/safetensors_reader.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/checkpoint/byte_cursor.h"
#include "libs/checkpoint/file_error.h"
#include "libs/checkpoint/safetensors_header.h"
#include "libs/checkpoint/safetensors_types.h"

namespace tessera {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the reference's limit

// The bytes that shape and type ask for. InvalidArgument where they overflow.
absl::StatusOr<uint64_t> ExpectedBytes(const Shape& shape, int element_bytes) {
  uint64_t bytes = element_bytes;
  for (const int64_t size : shape) {
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes)) {
      return absl::InvalidArgumentError(
          absl::StrCat("shape ", ShapeString(shape), " overflows"));
    }
  }
  return bytes;
}

// Whether we can hold the tensor; if not, why.
std::string WhyUnsupported(const SafetensorsInfo& info,
                           const SafetensorsType* type) {
  if (type == nullptr || !type->dtype.has_value()) {
    return absl::StrCat("has type ", info.type_name,
                        ", not supported; supported are ",
                        SupportedSafetensorsTypes());
  }
  if (info.shape.size() > kMaxRank) {
    return absl::StrCat("has ", info.shape.size(), " dimensions; at most ",
                        kMaxRank, " are supported");
  }
  return "";
}

// The entry of `info`, whose bytes follow on `previous_end`.
absl::StatusOr<TensorEntry> MakeEntry(const SafetensorsInfo& info,
                                      absl::Span<const uint8_t> data,
                                      uint64_t previous_end) {
  if (info.begin != previous_end || info.end < info.begin) {
    return absl::InvalidArgumentError(absl::StrCat(
        "data_offsets [", info.begin, ", ", info.end, "]: must start at ",
        previous_end, ", where the tensor before ends"));
  }
  if (info.end > data.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("data_offsets [", info.begin, ", ", info.end,
                     "] lie outside of the file, which has ", data.size(),
                     " bytes of data; is the download complete?"));
  }
  TensorEntry entry;
  entry.name = info.name;
  entry.type_name = info.type_name;
  entry.shape = info.shape;
  entry.num_bytes = info.end - info.begin;
  const SafetensorsType* type = FindSafetensorsType(info.type_name);
  if (type != nullptr) {
    ASSIGN_OR_RETURN(const uint64_t expected,
                     ExpectedBytes(info.shape, type->element_bytes));
    if (expected != entry.num_bytes) {
      return absl::InvalidArgumentError(absl::StrCat(
          info.type_name, " ", ShapeString(info.shape), " takes ", expected,
          " bytes, but its data_offsets span ", entry.num_bytes));
    }
  }
  entry.unsupported = WhyUnsupported(info, type);
  if (!entry.unsupported.empty()) return entry;
  ASSIGN_OR_RETURN(entry.view, TensorView::Create(*type->dtype, entry.shape,
                                                  data.data() + info.begin));
  return entry;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SafetensorsFile>> SafetensorsFile::Open(
    const std::string& path) {
  ASSIGN_OR_RETURN(MappedFile file, MappedFile::Open(path));
  ASSIGN_OR_RETURN(std::unique_ptr<SafetensorsFile> safetensors,
                   Parse(file.bytes(), path));
  safetensors->file_ = std::move(file);  // the mapping stays where it is
  return safetensors;
}

absl::StatusOr<std::unique_ptr<SafetensorsFile>> SafetensorsFile::Parse(
    absl::Span<const uint8_t> bytes, std::string name) {
  std::unique_ptr<SafetensorsFile> file(new SafetensorsFile(std::move(name)));
  RETURN_IF_ERROR(Annotate(file->ParseBytes(bytes), file->path_));
  return file;
}

absl::Status SafetensorsFile::ParseBytes(absl::Span<const uint8_t> bytes) {
  ByteCursor cursor(bytes);
  ASSIGN_OR_RETURN(const uint64_t length,
                   cursor.Read<uint64_t>("header length"));
  if (length > kMaxHeaderBytes) {
    return ErrorAt(0, absl::StrCat("not a safetensors file: its header would "
                                   "take ",
                                   length, " bytes; at most ", kMaxHeaderBytes,
                                   " are allowed"));
  }
  ASSIGN_OR_RETURN(const absl::Span<const uint8_t> json,
                   cursor.ReadBytes(length, "header"));
  if (json.empty() || json[0] != '{') {
    return ErrorAt(8, "not a safetensors file: the header starts with no {");
  }
  absl::StatusOr<ParsedSafetensorsHeader> header =
      ParseSafetensorsHeader(absl::string_view(
          reinterpret_cast<const char*>(json.data()), json.size()));
  if (!header.ok()) return header.status();
  metadata_ = std::move(header->metadata);
  std::vector<SafetensorsInfo>& infos = header->tensors;
  std::sort(infos.begin(), infos.end(), [](const auto& a, const auto& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  return PlaceTensors(infos, bytes.subspan(cursor.position()),
                      cursor.position());
}

absl::Status SafetensorsFile::PlaceTensors(
    absl::Span<const SafetensorsInfo> infos, absl::Span<const uint8_t> data,
    uint64_t data_offset) {
  uint64_t end = 0;
  tensors_.reserve(infos.size());
  for (const SafetensorsInfo& info : infos) {
    absl::StatusOr<TensorEntry> entry = MakeEntry(info, data, end);
    if (!entry.ok()) {
      return Annotate(entry.status(),
                      absl::StrCat("tensor ", Quoted(info.name)));
    }
    entry->file = path_;
    entry->file_offset = data_offset + info.begin;
    end = info.end;
    tensors_.push_back(*std::move(entry));
  }
  if (end != data.size()) {
    return ErrorAt(data_offset + end,
                   absl::StrCat(data.size() - end,
                                " bytes follow that belong to no tensor"));
  }
  for (size_t i = 0; i < tensors_.size(); ++i) {
    index_.emplace(tensors_[i].name, i);
  }
  return absl::OkStatus();
}

const TensorEntry* SafetensorsFile::FindTensor(absl::string_view name) const {
  const auto it = index_.find(name);
  return it == index_.end() ? nullptr : &tensors_[it->second];
}

void SafetensorsFile::Release(const TensorView& view) const {
  if (!file_.has_value()) return;
  const auto begin = view.data_as<uint8_t>();
  const auto size = static_cast<size_t>(view.num_bytes());
  const absl::Span<const uint8_t> bytes = file_->bytes();
  const bool is_ours =
      begin >= bytes.data() && begin + size <= bytes.data() + bytes.size();
  if (is_ours) file_->Release({begin, size});
}

}  // namespace tessera
