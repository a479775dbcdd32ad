// What is told of a generation besides its text.
#pragma once

#include <string>

#include "tools/cli/generation.h"
#include "tools/cli/memory_use.h"

namespace tessera::cli {

// "[prompt 12 tokens, 850.1 tok/s; first token 0.014 s; 64 tokens, 270.2
// tok/s]"
std::string SpeedLine(const GenerationTimes& times);

// One object: text, token_ids, finish_reason, usage and timings, named as the
// HTTP API names them, and memory.
std::string GenerationToJson(const Generation& generation,
                             const MemoryUse& memory);

}  // namespace tessera::cli
