#include "tools/cli/convert.h"

#include <iostream>

#include "libs/base/status_macros.h"
#include "libs/options/flags.h"
#include "libs/tensor/dtype.h"
#include "tools/convert/convert.h"

namespace tessera::cli {

absl::Status RunConvert(absl::Span<const std::string> args,
                        const Environment& environment) {
  convert::ConvertOptions options;
  options::Flags flags(
      "tessera convert",
      "Writes a model in the other format: weights, configuration, tokenizer\n"
      "and chat template. What it writes, llama.cpp and transformers load.");
  flags.Positional("INPUT", &options.input,
                   "a GGUF or safetensors file, or a model's folder");
  flags.Positional("OUTPUT", &options.output,
                   "a name that ends in .gguf, or a folder for safetensors");
  flags.Choice("type", &options.dtype,
               {{"bf16", DType::kBF16},
                {"f32", DType::kF32},
                {"f16", DType::kF16},
                {"q8_0", DType::kQ8_0},
                {"q4_0", DType::kQ4_0},
                {"q4_1", DType::kQ4_1},
                {"q5_0", DType::kQ5_0},
                {"q5_1", DType::kQ5_1}},
               "type of the matrices; quantized ones are for GGUF, rounded to "
               "nearest");
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return absl::OkStatus();
  }
  return convert::Convert(options);
}

}  // namespace tessera::cli
