// GatewayMetrics: what HTTP requests came and what became of them. Tokens and
// their times are the verifier's.
#pragma once

#include <string>

#include "libs/metrics/metrics.h"
#include "services/gateway/observed_exchange.h"

namespace tessera::gateway {

// Thread-safe.
class GatewayMetrics {
 public:
  // `registry` outlives us.
  explicit GatewayMetrics(metrics::Registry* registry);

  // tessera_http_requests_total{path,status}, tessera_http_request_seconds
  // {path}, and bytes.
  void Add(const RequestRecord& record, double seconds);

 private:
  metrics::Registry* const registry_;
  metrics::Counter& request_bytes_;
  metrics::Counter& response_bytes_;
};

// The line that the log gets for an ended request; none where it is a probe or
// a file, and all is well.
void LogRequest(const RequestRecord& record, double seconds);

}  // namespace tessera::gateway
