#include "services/speculator/make_speculator.h"

#include "libs/base/status_macros.h"
#include "services/speculator/client/make_remote_speculator.h"
#include "services/speculator/load_speculator.h"

namespace tessera::speculator {

absl::StatusOr<SpeculatorFactory> MakeSpeculatorFactory(
    const DraftOptions& options, metrics::Registry* registry) {
  RETURN_IF_ERROR(options.Validate());
  if (options.model_file.empty()) {
    return MakeRemoteSpeculatorFactory(options, registry);
  }
  return SpeculatorFactory(
      [options, registry](const TargetModel& target)
          -> absl::StatusOr<std::unique_ptr<SpeculatorClient>> {
        return LoadSpeculator(options.model_file, target,
                              {.kv_memory_bytes = options.kv_memory_bytes},
                              registry);
      });
}

}  // namespace tessera::speculator
