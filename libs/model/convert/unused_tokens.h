#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"

namespace tessera::model {

// What stands in a GGUF's list for an id without a token: models pad their
// vocabulary, and the list has no gaps. As llama.cpp's converter writes it.
inline std::string UnusedTokenName(size_t id) {
  return absl::StrCat("[PAD", id, "]");
}

}  // namespace tessera::model
