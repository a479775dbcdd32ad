#include "services/gateway/gateway_metrics.h"

#include "absl/strings/str_cat.h"
#include "libs/log/log.h"

namespace tessera::gateway {

GatewayMetrics::GatewayMetrics(metrics::Registry* registry)
    : registry_(registry),
      request_bytes_(registry->AddCounter("tessera_http_request_bytes_total",
                                          "Bytes of requests' bodies.")),
      response_bytes_(registry->AddCounter("tessera_http_response_bytes_total",
                                           "Bytes of answers' bodies.")) {}

void GatewayMetrics::Add(const RequestRecord& record, double seconds) {
  const std::string status =
      record.status == 0 ? "closed" : absl::StrCat(record.status);
  registry_
      ->AddCounter("tessera_http_requests_total",
                   "HTTP requests answered, by path and status; closed: the "
                   "client did not wait.",
                   {{"path", record.route}, {"status", status}})
      .Add();
  registry_
      ->AddHistogram("tessera_http_request_seconds",
                     "From a request's arrival to its answer's end.",
                     metrics::TimeToFirstTokenBuckets(),
                     {{"path", record.route}})
      .Observe(seconds);
  request_bytes_.Add(static_cast<double>(record.request_bytes));
  response_bytes_.Add(static_cast<double>(record.response_bytes));
}

void LogRequest(const RequestRecord& record, double seconds) {
  if (record.usage.has_value()) {
    log::Event(log::kInfo, "request finished",
               {{"request_id", record.request_id},
                {"path", record.route},
                {"status", record.status},
                {"caller", record.caller},
                {"prompt_tokens", record.usage->num_prompt_tokens()},
                {"generated_tokens", record.usage->num_generated_tokens()},
                {"seconds", seconds},
                {"finish_reason", record.finish_reason}});
    return;
  }
  const bool is_quiet = record.route == "/health" ||
                        (record.method == "GET" && record.status < 400);
  if (is_quiet) return;
  log::Event(log::kInfo, "request finished",
             {{"request_id", record.request_id},
              {"method", record.method},
              {"path", record.route},
              {"status", record.status},
              {"caller", record.caller},
              {"seconds", seconds}});
}

}  // namespace tessera::gateway
