// What this process takes of the machine.
#pragma once

#include <cstdint>

namespace tessera::metrics {

struct ProcessUsage {
  double cpu_seconds = 0;         // user and system
  double start_time_seconds = 0;  // since the Unix epoch
  int64_t resident_bytes = 0;
  int64_t virtual_bytes = 0;
  int64_t num_open_files = 0;
  int64_t max_open_files = 0;  // the soft limit
};

// Read from /proc; what it does not tell stays 0.
ProcessUsage ReadProcessUsage();

}  // namespace tessera::metrics
