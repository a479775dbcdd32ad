#include "libs/device/physical_cores.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <utility>

namespace tessera::device {
namespace {

std::vector<int> CpusOfThisProcess() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

// The file of the group that this process is in (cgroup v2), as seen from
// inside a container or from outside.
std::string CpuMaxFile() {
  std::ifstream groups("/proc/self/cgroup");
  std::string line;
  while (std::getline(groups, line)) {
    if (line.rfind("0::", 0) == 0) {
      return "/sys/fs/cgroup" + line.substr(3) + "/cpu.max";
    }
  }
  return "/sys/fs/cgroup/cpu.max";
}

}  // namespace

std::vector<int> OneCpuPerCore(const std::vector<int>& cpus,
                               const std::string& sysfs) {
  std::set<std::pair<int, int>> seen;
  std::vector<int> first;
  for (const int cpu : cpus) {
    const std::string folder =
        sysfs + "/cpu" + std::to_string(cpu) + "/topology/";
    int package = 0;
    int core = 0;
    const bool known =
        (std::ifstream(folder + "physical_package_id") >> package) &&
        (std::ifstream(folder + "core_id") >> core);
    if (!known || seen.insert({package, core}).second) first.push_back(cpu);
  }
  return first;
}

int CpuLimit(const std::string& cpu_max_file) {
  std::ifstream file(cpu_max_file);
  double quota = 0;  // stays 0 for "max"
  double period = 0;
  if (!(file >> quota >> period) || quota <= 0 || period <= 0) return 0;
  return static_cast<int>(std::min((quota + period - 1) / period, 1e6));
}

int NumPhysicalCores() {
  int count = static_cast<int>(
      OneCpuPerCore(CpusOfThisProcess(), "/sys/devices/system/cpu").size());
  const int limit = CpuLimit(CpuMaxFile());
  if (limit > 0) count = std::min(count, limit);
  return std::max(count, 1);
}

}  // namespace tessera::device
