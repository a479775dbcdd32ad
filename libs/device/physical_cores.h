// How many threads are worth starting: cores that this process may use, each
// counted once whatever its hyperthreads, and no more than its control group's
// share of time. Two threads on one core share its multipliers; a thread over
// the share stops all the others at the next barrier.
#pragma once

#include <string>
#include <vector>

namespace tessera::device {

// At least 1.
int NumPhysicalCores();

// Of `cpus`, the first of each core. `sysfs`: the folder with cpuN/topology; a
// CPU that it does not describe counts as a core.
std::vector<int> OneCpuPerCore(const std::vector<int>& cpus,
                               const std::string& sysfs);

// The CPUs' worth of time that a cpu.max file grants ("200000 100000" is 2),
// rounded up; 0 where it sets no limit or is not there.
int CpuLimit(const std::string& cpu_max_file);

}  // namespace tessera::device
