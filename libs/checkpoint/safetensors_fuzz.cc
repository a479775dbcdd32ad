// Parses safetensors bytes, and the same text as an index; reads all that was
// accepted.
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "libs/checkpoint/safetensors_index.h"
#include "libs/checkpoint/safetensors_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tessera::ParseSafetensorsIndex;
  using tessera::SafetensorsFile;
  (void)ParseSafetensorsIndex({reinterpret_cast<const char*>(data), size});
  const auto file = SafetensorsFile::Parse({data, size}, "fuzz.safetensors");
  if (!file.ok()) return 0;
  volatile uint8_t sink = 0;
  for (const auto& tensor : (*file)->tensors()) {
    for (int64_t i = 0; i < tensor.view.num_bytes(); ++i) {
      sink = sink ^ tensor.view.data_as<uint8_t>()[i];
    }
  }
  return 0;
}
