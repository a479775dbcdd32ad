// The bytes that each token stands for, in one block of memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "libs/tokenizer/tokenizer_spec.h"

namespace tessera::tokenizer {

class TokenByteTable {
 public:
  explicit TokenByteTable(const TokenizerSpec& spec);

  // Empty for an id outside of the vocabulary.
  absl::string_view operator[](int32_t id) const {
    if (id < 0 || id >= size()) return {};
    return absl::string_view(bytes_).substr(ends_[id],
                                            ends_[id + 1] - ends_[id]);
  }
  int32_t size() const { return static_cast<int32_t>(ends_.size()) - 1; }

 private:
  std::string bytes_;
  std::vector<uint32_t> ends_;  // [V + 1], the first one 0
};

}  // namespace tessera::tokenizer
