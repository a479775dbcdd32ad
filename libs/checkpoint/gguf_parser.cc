#include "libs/checkpoint/gguf_parser.h"

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/checkpoint/file_error.h"
#include "libs/checkpoint/utf8.h"

namespace tessera {
namespace {

constexpr uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr int kMaxArrayDepth = 4;

// An entry takes some ten times as much memory as its bytes in the file; this
// bounds it, far above what models have.
constexpr uint64_t kMaxEntries = 1 << 18;

}  // namespace

absl::Status GgufParser::Parse() {
  RETURN_IF_ERROR(ParseHeader());
  RETURN_IF_ERROR(ParseMetadata());
  RETURN_IF_ERROR(ParseAlignment());
  RETURN_IF_ERROR(ParseTensors());
  RETURN_IF_ERROR(PlaceTensors());
  return CheckOverlaps();
}

absl::Status GgufParser::ParseHeader() {
  ASSIGN_OR_RETURN(const uint32_t magic, cursor_.Read<uint32_t>("magic"));
  if (magic != kMagic) {
    return ErrorAt(0, "not a GGUF file: no \"GGUF\" here");
  }
  ASSIGN_OR_RETURN(file_.version_, cursor_.Read<uint32_t>("version"));
  if (file_.version_ == 0x02000000 || file_.version_ == 0x03000000) {
    return absl::UnimplementedError(
        "big-endian GGUF is not supported; convert the file to little endian");
  }
  if (file_.version_ != 2 && file_.version_ != 3) {
    return absl::UnimplementedError(
        absl::StrCat("GGUF version ", file_.version_,
                     " is not supported; versions 2 and 3 are"));
  }
  ASSIGN_OR_RETURN(num_tensors_, cursor_.Read<uint64_t>("tensor count"));
  ASSIGN_OR_RETURN(num_metadata_, cursor_.Read<uint64_t>("metadata count"));
  RETURN_IF_ERROR(
      CheckCount("metadata entries", num_metadata_, kMinMetadataBytes));
  return CheckCount("tensors", num_tensors_, kMinTensorBytes);
}

absl::Status GgufParser::CheckCount(absl::string_view what, uint64_t count,
                                    uint64_t min_bytes) const {
  if (count > cursor_.remaining() / min_bytes) {
    return cursor_.Error(absl::StrCat("the header counts ", count, " ", what,
                                      ", more than fit in the ",
                                      cursor_.remaining(), " bytes left"));
  }
  if (count > kMaxEntries) {
    return absl::UnimplementedError(
        absl::StrCat("the header counts ", count, " ", what, "; at most ",
                     kMaxEntries, " are supported"));
  }
  return absl::OkStatus();
}

absl::Status GgufParser::CheckName(absl::string_view what,
                                   absl::string_view name) const {
  constexpr size_t kMaxNameBytes = 65535;  // the format's own limit

  if (name.empty() || name.size() > kMaxNameBytes) {
    return cursor_.Error(absl::StrCat(what, " ", Quoted(name), " of ",
                                      name.size(), " bytes: must have 1 to ",
                                      kMaxNameBytes));
  }
  if (!IsUtf8(name)) {
    return cursor_.Error(
        absl::StrCat(what, " ", Quoted(name), " is not valid UTF-8"));
  }
  return absl::OkStatus();
}

absl::Status GgufParser::ParseMetadata() {
  file_.metadata_.reserve(num_metadata_);
  for (uint64_t i = 0; i < num_metadata_; ++i) {
    ASSIGN_OR_RETURN(const absl::string_view key,
                     cursor_.ReadString("metadata key"));
    RETURN_IF_ERROR(CheckName("metadata key", key));
    absl::StatusOr<MetadataType> type = ParseType();
    absl::StatusOr<MetadataValue> value =
        type.ok() ? ParseValue(*type) : type.status();
    if (!value.ok()) {
      return Annotate(value.status(), absl::StrCat("metadata ", Quoted(key)));
    }
    if (!file_.metadata_index_.emplace(key, i).second) {
      return cursor_.Error(
          absl::StrCat("metadata ", Quoted(key), " stands twice"));
    }
    file_.metadata_.push_back({key, *value});
  }
  return absl::OkStatus();
}

absl::StatusOr<MetadataType> GgufParser::ParseType() {
  ASSIGN_OR_RETURN(const uint32_t type, cursor_.Read<uint32_t>("value type"));
  if (type >= kNumMetadataTypes) {
    return cursor_.Error(absl::StrCat("unknown value type ", type));
  }
  return static_cast<MetadataType>(type);
}

// A number of file type T, widened to the variant's U.
template <typename T, typename U>
static absl::StatusOr<MetadataValue> ParseNumber(ByteCursor& cursor,
                                                 MetadataType type) {
  ASSIGN_OR_RETURN(const T value, cursor.Read<T>("value"));
  return MetadataValue{type, static_cast<U>(value)};
}

absl::StatusOr<MetadataValue> GgufParser::ParseValue(MetadataType type) {
  switch (type) {
    case MetadataType::kUint8:
      return ParseNumber<uint8_t, uint64_t>(cursor_, type);
    case MetadataType::kUint16:
      return ParseNumber<uint16_t, uint64_t>(cursor_, type);
    case MetadataType::kUint32:
      return ParseNumber<uint32_t, uint64_t>(cursor_, type);
    case MetadataType::kUint64:
      return ParseNumber<uint64_t, uint64_t>(cursor_, type);
    case MetadataType::kInt8:
      return ParseNumber<int8_t, int64_t>(cursor_, type);
    case MetadataType::kInt16:
      return ParseNumber<int16_t, int64_t>(cursor_, type);
    case MetadataType::kInt32:
      return ParseNumber<int32_t, int64_t>(cursor_, type);
    case MetadataType::kInt64:
      return ParseNumber<int64_t, int64_t>(cursor_, type);
    case MetadataType::kFloat32:
      return ParseNumber<float, double>(cursor_, type);
    case MetadataType::kFloat64:
      return ParseNumber<double, double>(cursor_, type);
    case MetadataType::kBool: {
      ASSIGN_OR_RETURN(const uint8_t value, cursor_.Read<uint8_t>("value"));
      if (value > 1) {
        return cursor_.Error(absl::StrCat("bool ", value, " is not 0 or 1"));
      }
      return MetadataValue{type, value == 1};
    }
    case MetadataType::kString: {
      ASSIGN_OR_RETURN(const absl::string_view text,
                       cursor_.ReadString("string"));
      return MetadataValue{type, text};
    }
    case MetadataType::kArray: {
      ASSIGN_OR_RETURN(const MetadataArray array, ParseArray(1));
      return MetadataValue{type, array};
    }
  }
  return cursor_.Error("unknown value type");
}

absl::StatusOr<MetadataArray> GgufParser::ParseArray(int depth) {
  if (depth > kMaxArrayDepth) {
    return cursor_.Error(
        absl::StrCat("arrays nested over ", kMaxArrayDepth, " deep"));
  }
  MetadataArray array;
  ASSIGN_OR_RETURN(array.element_type, ParseType());
  ASSIGN_OR_RETURN(array.size, cursor_.Read<uint64_t>("array length"));
  const uint64_t begin = cursor_.position();
  const int element_bytes = MetadataTypeBytes(array.element_type);
  if (element_bytes > 0) {
    if (array.size > cursor_.remaining() / element_bytes) {
      return cursor_.Error(absl::StrCat(
          "an array of ", array.size, " ", MetadataTypeName(array.element_type),
          " does not fit in the ", cursor_.remaining(), " bytes left"));
    }
    ASSIGN_OR_RETURN(array.bytes,
                     cursor_.ReadBytes(array.size * element_bytes, "array"));
    return array;
  }
  for (uint64_t i = 0; i < array.size; ++i) {
    const absl::Status status = array.element_type == MetadataType::kString
                                    ? cursor_.ReadString("string").status()
                                    : ParseArray(depth + 1).status();
    if (!status.ok()) return Annotate(status, absl::StrCat("element ", i));
  }
  array.bytes = bytes_.subspan(begin, cursor_.position() - begin);
  return array;
}

}  // namespace tessera
