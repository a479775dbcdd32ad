#include "libs/monitoring/process_options.h"

namespace tessera::monitoring {

void AddProcessFlags(options::Flags* flags, ProcessOptions* options) {
  flags->Time("drain-timeout", &options->drain_timeout, absl::ZeroDuration(),
              absl::Hours(24),
              "how long running answers may take after SIGTERM");
  flags->Choice("log-format", &options->log_format,
                {{"text", log::Format::kText}, {"json", log::Format::kJson}},
                "how events are logged, on standard error");
}

}  // namespace tessera::monitoring
