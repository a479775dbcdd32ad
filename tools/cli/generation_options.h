// How a text is continued: flags under the names of the HTTP API's fields.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/options/flags.h"
#include "libs/sampling/parameters.h"

namespace tessera::cli {

struct GenerationOptions {
  // `seed` in here is overwritten by the one below. Greedy by default.
  sampling::SamplingParameters sampling = {.temperature = 0};
  int max_tokens = 256;           // at least 1
  std::vector<std::string> stop;  // at most kMaxStops, not empty
  bool ignore_eos = false;        // an end token does not end the text
  std::optional<uint64_t> seed;   // absent: 0, the same draws every time

  // InvalidArgument, naming the field. Tokens are checked against the model's
  // vocabulary later, by Sampler::Create.
  absl::Status Validate() const;
};

inline constexpr int kMaxStops = 16;

// Declares --max-tokens, --temperature, --top-k, ...
void AddGenerationFlags(options::Flags* flags, GenerationOptions* options);

}  // namespace tessera::cli
