#include "tools/cli/memory_use.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <vector>

#include "libs/device/huge_buffer.h"

namespace tessera::cli {
namespace {

int64_t ProcessResidentBytes() {
  // Pages: size, resident, ...
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

int64_t PeakResidentBytes() {
  rusage usage = {};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  return int64_t{usage.ru_maxrss} * 1024;
}

}  // namespace

int64_t ResidentBytes(absl::Span<const uint8_t> data) {
  const int64_t page = sysconf(_SC_PAGESIZE);
  std::vector<uint8_t> is_resident((data.size() + page - 1) / page);
  void* start = const_cast<uint8_t*>(data.data());
  if (mincore(start, data.size(), is_resident.data()) != 0) return 0;
  return page * std::count_if(is_resident.begin(), is_resident.end(),
                              [](uint8_t flags) { return flags & 1; });
}

MemoryUse MeasureMemory(const model::Model& model,
                        const ModelSequence& sequence) {
  const device::HugeBuffer& weights = model.weights().memory;
  MemoryUse use;
  use.resident_bytes = ProcessResidentBytes();
  use.peak_resident_bytes = PeakResidentBytes();
  use.weights_bytes =
      ResidentBytes(absl::MakeConstSpan(weights.data(), weights.size()));
  use.kv_arena_bytes = ResidentBytes(sequence.kv_arena());
  return use;
}

}  // namespace tessera::cli
