// Parses GGUF bytes; reads all that was accepted.
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "libs/checkpoint/gguf_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tessera::GgufFile;
  const auto file = GgufFile::Parse({data, size}, "fuzz.gguf");
  if (!file.ok()) return 0;
  for (const auto& entry : (*file)->metadata()) {
    (void)(*file)->GetUint(entry.key);
    (void)(*file)->GetFloat(entry.key);
    (void)(*file)->GetStrings(entry.key);
    (void)(*file)->GetInts(entry.key);
    (void)(*file)->GetFloats(entry.key);
    (void)(*file)->GetBools(entry.key);
  }
  volatile uint8_t sink = 0;
  for (const auto& tensor : (*file)->tensors()) {
    for (int64_t i = 0; i < tensor.view.num_bytes(); ++i) {
      sink = sink ^ tensor.view.data_as<uint8_t>()[i];
    }
  }
  return 0;
}
