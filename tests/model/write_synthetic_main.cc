// write_synthetic DIRECTORY: every synthetic checkpoint as files, for the
// scripts that ask other implementations about them.
//   DIRECTORY/<architecture>/       safetensors, BF16
//   DIRECTORY/<architecture>.gguf   BF16, where GGUF can say it
//   DIRECTORY/type_<TYPE>.gguf      one for each type of weight
//   DIRECTORY/tokens.json           the tokens
#include <filesystem>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/check.h"
#include "libs/checkpoint/atomic_file.h"
#include "libs/tensor/quantize.h"
#include "tests/model/synthetic_checkpoint.h"

int main(int argc, char** argv) {
  using namespace tessera;  // NOLINT
  if (argc != 2) {
    std::cerr << "usage: write_synthetic DIRECTORY\n";
    return 2;
  }
  const std::string directory = argv[1];
  std::filesystem::create_directories(directory);
  for (const auto& checkpoint : model::SyntheticArchitectures()) {
    const std::string path = absl::StrCat(directory, "/", checkpoint.name);
    model::WriteSafetensors(checkpoint, DType::kBF16, path);
    if (checkpoint.fits_gguf) {
      model::WriteGguf(checkpoint, DType::kBF16, path + ".gguf");
    }
  }
  for (int i = 0; i < kNumDTypes; ++i) {
    const DType dtype = static_cast<DType>(i);
    if (!CanQuantizeTo(dtype)) continue;
    model::WriteGguf(
        model::SyntheticForTypes(), dtype,
        absl::StrCat(directory, "/type_", DTypeName(dtype), ".gguf"));
  }
  const absl::Status status = WriteFileAtomically(
      directory + "/tokens.json",
      absl::StrCat("[", absl::StrJoin(model::SyntheticTokens(), ", "), "]\n"));
  CHECK(status.ok()) << status;
}
