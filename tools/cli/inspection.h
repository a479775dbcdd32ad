// What `tessera inspect` tells of a model file, whatever its format.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"

namespace tessera::cli {

struct InspectedField {
  std::string key;
  std::string type;      // "uint32", "array of 3 string"
  nlohmann::json value;  // the first elements of an array
};

struct InspectedTensor {
  std::string name;
  std::string type;  // "Q4_1"
  std::vector<int64_t> shape;
  uint64_t offset = 0;  // in its file
  uint64_t num_bytes = 0;
  std::string unsupported;  // why it cannot be loaded; empty if it can
};

struct Inspection {
  std::string file;
  std::string format;  // "GGUF 3", "safetensors"
  std::vector<InspectedField> metadata;
  std::vector<InspectedTensor> tensors;
  // Why the file as a whole would not run, besides its tensors; empty: it
  // would.
  std::vector<std::string> refusals;

  uint64_t TensorBytes() const;
  int64_t NumParameters() const;
  // refusals, and a line for each tensor that is unsupported.
  std::vector<std::string> AllRefusals() const;
};

// For people: a line a field, a line a tensor, sums by type, refusals. Control
// characters of the file's texts are escaped.
std::string ToText(const Inspection& inspection);

std::string ToJson(const Inspection& inspection);

// `text` with control characters escaped and cut to so many bytes, "..." after.
std::string Printable(const std::string& text, size_t max_bytes);

}  // namespace tessera::cli
