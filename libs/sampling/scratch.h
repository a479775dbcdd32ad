// Buffers that sampling calls reuse.
#pragma once

#include <cstdint>
#include <vector>

#include "libs/sampling/cut.h"

namespace tessera::sampling {

// For one call at a time, grown to some 20 bytes a token of the vocabulary at
// worst; nothing in it is an input.
struct SamplingScratch {
  std::vector<float> logits;
  std::vector<int32_t> tokens;
  CutScratch cut;
};

}  // namespace tessera::sampling
