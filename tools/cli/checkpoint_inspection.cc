#include "tools/cli/checkpoint_inspection.h"

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tessera::cli {

namespace {

constexpr size_t kMaxElements = 8;

template <typename T>
nlohmann::json FirstElements(const std::vector<T>& elements) {
  nlohmann::json first = nlohmann::json::array();
  for (size_t i = 0; i < std::min(elements.size(), kMaxElements); ++i) {
    if constexpr (std::is_same_v<T, absl::string_view>) {
      first.push_back(std::string(elements[i]));
    } else {
      first.push_back(static_cast<T>(elements[i]));
    }
  }
  return first;
}

nlohmann::json ArrayToJson(const MetadataValue& value) {
  if (const auto texts = ArrayStrings(value); texts.ok()) {
    return FirstElements(*texts);
  }
  if (const auto ints = ArrayInts(value); ints.ok()) {
    return FirstElements(*ints);
  }
  if (const auto floats = ArrayFloats(value); floats.ok()) {
    return FirstElements(*floats);
  }
  if (const auto bools = ArrayBools(value); bools.ok()) {
    return FirstElements(*bools);
  }
  return nullptr;  // an array of arrays, or of integers over the int64 range
}

struct ToJsonValue {
  const MetadataValue& whole;
  template <typename T>
  nlohmann::json operator()(T value) const {
    return value;
  }
  nlohmann::json operator()(absl::string_view value) const {
    return std::string(value);
  }
  nlohmann::json operator()(const MetadataArray&) const {
    return ArrayToJson(whole);
  }
};

void AddMetadata(const GgufFile& file, Inspection* inspection) {
  inspection->format = absl::StrCat("GGUF ", file.version());
  for (const GgufMetadata& entry : file.metadata()) {
    inspection->metadata.push_back(
        {std::string(entry.key), TypeString(entry.value),
         std::visit(ToJsonValue{entry.value}, entry.value.value)});
  }
}

void AddMetadata(const ModelDirectory& directory, Inspection* inspection) {
  inspection->format = "safetensors";
  for (const auto& [key, value] : directory.config.items()) {
    inspection->metadata.push_back({key, value.type_name(), value});
  }
}

}  // namespace

Inspection InspectCheckpoint(const Checkpoint& checkpoint) {
  Inspection inspection;
  inspection.file = checkpoint.path();
  const CheckpointSource source = checkpoint.source();
  if (source.gguf != nullptr) {
    AddMetadata(*source.gguf, &inspection);
  } else {
    AddMetadata(*source.directory, &inspection);
  }
  for (const TensorEntry& tensor : checkpoint.tensors()) {
    inspection.tensors.push_back({tensor.name,
                                  tensor.type_name,
                                  {tensor.shape.begin(), tensor.shape.end()},
                                  tensor.file_offset,
                                  tensor.num_bytes,
                                  tensor.unsupported});
  }
  return inspection;
}

}  // namespace tessera::cli
