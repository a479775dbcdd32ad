#include "libs/metrics/process_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace tessera::metrics {
namespace {

std::string ReadFile(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

double Seconds(const timeval& time) {
  return time.tv_sec + time.tv_usec * 1e-6;
}

// /proc/self/stat from its third field on (proc(5) counts from 1). The second
// is the program's name, which may hold spaces and parentheses.
std::vector<std::string> StatFields() {
  const std::string stat = ReadFile("/proc/self/stat");
  const size_t name_end = stat.rfind(") ");
  if (name_end == std::string::npos) return {};
  return absl::StrSplit(stat.substr(name_end + 2), ' ');
}

int64_t StatField(const std::vector<std::string>& fields, int number) {
  int64_t value = 0;
  if (number - 3 < fields.size()) {
    (void)absl::SimpleAtoi(fields[number - 3], &value);
  }
  return value;
}

int64_t BootTimeSeconds() {
  for (absl::string_view line : absl::StrSplit(ReadFile("/proc/stat"), '\n')) {
    int64_t seconds = 0;
    if (line.substr(0, 6) == "btime " &&
        absl::SimpleAtoi(line.substr(6), &seconds)) {
      return seconds;
    }
  }
  return 0;
}

int64_t CountOpenFiles() {
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  if (error) return 0;
  // One of them is that directory, open for the counting.
  return std::max<int64_t>(
      0, std::distance(files, std::filesystem::directory_iterator()) - 1);
}

}  // namespace

ProcessUsage ReadProcessUsage() {
  ProcessUsage usage;
  rusage resources{};
  if (::getrusage(RUSAGE_SELF, &resources) == 0) {
    usage.cpu_seconds =
        Seconds(resources.ru_utime) + Seconds(resources.ru_stime);
  }
  const std::vector<std::string> fields = StatFields();
  usage.start_time_seconds =
      BootTimeSeconds() +
      static_cast<double>(StatField(fields, 22)) / ::sysconf(_SC_CLK_TCK);
  usage.virtual_bytes = StatField(fields, 23);
  usage.resident_bytes = StatField(fields, 24) * ::sysconf(_SC_PAGESIZE);
  usage.num_open_files = CountOpenFiles();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    usage.max_open_files = limit.rlim_cur;
  }
  return usage;
}

}  // namespace tessera::metrics
