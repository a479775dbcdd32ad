#include "libs/monitoring/metrics_listener.h"

#include <utility>

namespace tessera::monitoring {
namespace {

http::Response Text(int status, std::string body) {
  return {.status = status,
          .content_type = "text/plain; charset=utf-8",
          .body = std::move(body)};
}

http::Response Answer(const http::Request& request, metrics::Registry& registry,
                      const std::function<bool()>& is_ready) {
  if (request.path != "/metrics" && request.path != "/health") {
    return Text(404, "only /metrics and /health are here\n");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    http::Response response = Text(405, "only GET\n");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  if (request.path == "/health") {
    return is_ready() ? Text(200, "ready\n") : Text(503, "not ready\n");
  }
  return {.content_type = std::string(metrics::kExpositionType),
          .body = registry.Exposition()};
}

}  // namespace

absl::StatusOr<std::unique_ptr<http::Server>> StartMetricsListener(
    const std::string& address, int port, metrics::Registry* registry,
    std::function<bool()> is_ready) {
  const http::ServerOptions options{
      .address = address,
      .port = port,
      // A few scrapers and probes, that send no bodies.
      .max_connections = 64,
      .max_body_bytes = 0,
  };
  return http::Server::Start(
      options,
      [registry, is_ready = std::move(is_ready)](
          http::Request request, std::shared_ptr<http::Exchange> exchange) {
        exchange->Send(Answer(request, *registry, is_ready));
      });
}

}  // namespace tessera::monitoring
