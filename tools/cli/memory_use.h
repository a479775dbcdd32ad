// Where a process's memory goes, for the figure "beyond weights and KV cache".
#pragma once

#include <cstdint>

#include "absl/types/span.h"
#include "libs/model/model.h"
#include "tools/cli/model_sequence.h"

namespace tessera::cli {

// Bytes in memory now, but for the peak.
struct MemoryUse {
  int64_t resident_bytes = 0;
  int64_t peak_resident_bytes = 0;  // since the process started
  int64_t weights_bytes = 0;        // packed matrices
  int64_t kv_arena_bytes = 0;       // pages of the arena written so far
};

// Zeros for the process where there is no /proc.
MemoryUse MeasureMemory(const model::Model& model,
                        const ModelSequence& sequence);

// Bytes of the pages of `data` that are in memory; `data` starts a page.
int64_t ResidentBytes(absl::Span<const uint8_t> data);

}  // namespace tessera::cli
