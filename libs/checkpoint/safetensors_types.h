// The element types of safetensors files, by their names there.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "libs/tensor/dtype.h"

namespace tessera {

struct SafetensorsType {
  absl::string_view name;
  int element_bytes;
  std::optional<DType> dtype;  // none where we lack the type
};

// Null where the name means nothing to us, or elements are not whole bytes.
// Source: enum Dtype of safetensors' tensor.rs (Apache 2.0).
const SafetensorsType* FindSafetensorsType(absl::string_view name);

// "BF16, F16, ...": the types that load.
std::string SupportedSafetensorsTypes();

}  // namespace tessera
