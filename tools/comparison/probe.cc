// What this machine can do at the moment: memory bandwidth, int8 and bf16
// rates, as JSON. tools/benchmark runs it between the engines that it times.
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/status_macros.h"
#include "libs/device/cpu_features.h"
#include "libs/device/physical_cores.h"
#include "libs/device/probes.h"
#include "libs/device/worker_team.h"
#include "libs/options/flags.h"
#include "nlohmann/json.hpp"

namespace tessera {
namespace {

struct ProbeOptions {
  int threads = 0;  // 0: one a physical core
  std::string kernels = "auto";
  int passes = 7;  // of each probe; about 20 ms together
};

struct Rates {
  std::vector<double> bytes_per_second;
  std::vector<double> i8_per_second;
  std::vector<double> bf16_per_second;
};

Rates Measure(int passes, device::MemoryProbe& memory,
              device::WorkerTeam& team) {
  Rates rates;
  memory.BytesPerSecond(team);  // unmeasured: wakes the team
  for (int pass = 0; pass < passes; ++pass) {
    rates.bytes_per_second.push_back(memory.BytesPerSecond(team));
    rates.i8_per_second.push_back(
        device::ArithmeticRate(team, device::Arithmetic::kI8));
    rates.bf16_per_second.push_back(
        device::ArithmeticRate(team, device::Arithmetic::kBF16));
  }
  return rates;
}

absl::Status Run(const std::vector<std::string>& args) {
  ProbeOptions options;
  options::Flags flags("probe",
                       "Measures memory bandwidth and arithmetic rates.");
  flags
      .Int("threads", &options.threads, 0, 1024,
           "threads; 0: one a physical core")
      .Short('t');
  flags.Text("kernels", &options.kernels, "auto|amx|avx512|avx2|reference",
             "instruction set to measure");
  flags.Int("passes", &options.passes, 1, 1000, "runs of each probe");
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return absl::OkStatus();
  }
  device::WorkerTeamOptions team_options;
  team_options.num_threads =
      options.threads > 0 ? options.threads : device::NumPhysicalCores();
  ASSIGN_OR_RETURN(
      team_options.kernels,
      device::ParseKernelSet(options.kernels, device::HostCpuFeatures()));
  ASSIGN_OR_RETURN(const std::unique_ptr<device::WorkerTeam> team,
                   device::WorkerTeam::Create(team_options));
  ASSIGN_OR_RETURN(device::MemoryProbe memory, device::MemoryProbe::Create());
  const Rates rates = Measure(options.passes, memory, *team);
  const nlohmann::ordered_json json = {
      {"threads", team->size()},
      {"kernels", std::string(device::KernelSetName(team->kernels()))},
      {"bytes_per_second", rates.bytes_per_second},
      {"i8_per_second", rates.i8_per_second},
      {"bf16_per_second", rates.bf16_per_second}};
  std::cout << json.dump() << "\n";
  return absl::OkStatus();
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  const absl::Status status =
      tessera::Run(std::vector<std::string>(argv + 1, argv + argc));
  if (status.ok()) return 0;
  std::cerr << "probe: " << status.message() << "\n";
  return 1;
}
