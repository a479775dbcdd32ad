// GET /metrics and /health, for a process that serves no HTTP otherwise.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/http/server.h"
#include "libs/metrics/metrics.h"

namespace tessera::monitoring {

// Answers on one thread of its own, for as long as what it returns lives.
// `registry` outlives that. `is_ready` runs on that thread, so it does not
// block: /health is 200 where it is true, else 503.
//
// Errors as http::Server::Start's.
absl::StatusOr<std::unique_ptr<http::Server>> StartMetricsListener(
    const std::string& address, int port, metrics::Registry* registry,
    std::function<bool()> is_ready);

}  // namespace tessera::monitoring
