// How much one template may cost.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tessera::chat_template {

struct Limits {
  // Parsing: bytes of source, and levels of nesting of blocks and expressions.
  size_t max_source_bytes = size_t{256} << 10;
  int max_parse_depth = 100;

  // One rendering. A step is a node evaluated, an element produced, or 64 bytes
  // read; a step takes some 50 ns.
  int64_t max_steps = 5'000'000;
  // Strings and lists made on the way, all together, freed ones included.
  size_t max_allocated_bytes = size_t{128} << 20;
  size_t max_output_bytes = size_t{16} << 20;
  // Nested evaluations, macro calls included.
  int max_depth = 400;
};

}  // namespace tessera::chat_template
