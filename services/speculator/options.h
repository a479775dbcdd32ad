// Options of a speculator, one process's or a part of another.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tessera::speculator {

struct SpeculatorOptions {
  // Bytes of the draft model's keys and values.
  int64_t kv_memory_bytes = int64_t{1} << 30;
  // Sequences whose state is kept; those used longest ago are forgotten.
  int max_sequences = 4096;
  // What sequences that are far behind may take of one call, all together: so
  // many tokens, and about so much time.
  int64_t max_catch_up_tokens = 256;
  absl::Duration catch_up_time = absl::Milliseconds(20);

  // InvalidArgument, naming the field.
  absl::Status Validate() const;
};

}  // namespace tessera::speculator
