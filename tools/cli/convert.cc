#include "tools/cli/convert.h"

#include <iostream>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "libs/base/status_macros.h"
#include "libs/model/convert/convert.h"
#include "libs/options/flags.h"
#include "libs/tensor/dtype.h"
#include "libs/tensor/quantize.h"

namespace tessera::cli {
namespace {

// "f32", "bf16", ..., "q6_k".
std::vector<std::pair<std::string, DType>> WritableTypes() {
  std::vector<std::pair<std::string, DType>> types;
  for (int i = 0; i < kNumDTypes; ++i) {
    const DType dtype = static_cast<DType>(i);
    if (!CanQuantizeTo(dtype)) continue;
    types.emplace_back(absl::AsciiStrToLower(DTypeName(dtype)), dtype);
  }
  return types;
}

}  // namespace

absl::Status RunConvert(absl::Span<const std::string> args,
                        const Environment& environment) {
  std::string input;
  std::string output;
  model::ConvertOptions convert_options;
  options::Flags flags(
      "tessera convert",
      "Writes a model in the other format: weights, configuration, tokenizer\n"
      "and chat template. What it writes, llama.cpp and transformers load.");
  flags.Positional("INPUT", &input,
                   "a GGUF or safetensors file, or a model's folder");
  flags.Positional("OUTPUT", &output,
                   "a name that ends in .gguf, or a folder for safetensors");
  flags.Choice("dtype", &convert_options.dtype, WritableTypes(),
               "type of the matrices; quantized ones are for GGUF, rounded to "
               "nearest");
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return absl::OkStatus();
  }
  if (input.empty() || output.empty()) {
    return absl::InvalidArgumentError(
        "an input and an output are needed: the one exists, the other will");
  }
  ASSIGN_OR_RETURN(const model::ConvertReport report,
                   model::ConvertCheckpoint(input, output, convert_options));
  for (const std::string& note : report.notes) {
    std::cerr << "note: " << note << "\n";
  }
  std::cout << absl::StrFormat("%s: %d tensors, %.1f MB\n", output,
                               report.num_tensors,
                               static_cast<double>(report.num_bytes) / 1e6);
  return absl::OkStatus();
}

}  // namespace tessera::cli
