// What the gateway knows of the model that its verifiers serve.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tessera::gateway {

struct ServedModel {
  std::vector<std::string> names;  // its own first, then aliases
  int32_t context_len = 0;         // tokens
  int32_t vocab_size = 0;
  int64_t created_unix_seconds = 0;
};

}  // namespace tessera::gateway
