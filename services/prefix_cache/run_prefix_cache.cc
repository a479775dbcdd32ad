#include "services/prefix_cache/run_prefix_cache.h"

#include <iostream>
#include <memory>

#include "libs/base/status_macros.h"
#include "libs/base/version.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/monitoring/metrics_listener.h"
#include "libs/process/lifecycle.h"
#include "libs/rpc/server.h"
#include "services/prefix_cache/options.h"
#include "services/prefix_cache/prefix_cache_service.h"
#include "services/prefix_cache/store.h"
#include "services/prefix_cache/store_metrics.h"

namespace tessera::prefix_cache {
namespace {

struct RunOptions {
  StoreOptions store;
  rpc::ServerOptions server = {.listen = "127.0.0.1:9091"};
  std::string metrics_host = "127.0.0.1";
  int metrics_port = -1;  // none
  absl::Duration drain_timeout = absl::Seconds(5);
  log::Format log_format = log::Format::kText;
};

void AddFlags(options::Flags* flags, RunOptions* run) {
  flags->Text("listen", &run->server.listen, "HOST:PORT",
              "where verifiers reach it; port 0: any free one");
  rpc::AddTlsFlags(flags, "", &run->server.tls);
  AddStoreFlags(flags, "", &run->store);
  flags->Text("metrics-host", &run->metrics_host, "HOST",
              "where /metrics and /health are served");
  flags->Int("metrics-port", &run->metrics_port, -1, 65535,
             "port of /metrics and /health; -1: none");
  flags->Time("drain-timeout", &run->drain_timeout, absl::ZeroDuration(),
              absl::Hours(1), "how long running calls may take after SIGTERM");
  flags->Choice("log-format", &run->log_format,
                {{"text", log::Format::kText}, {"json", log::Format::kJson}},
                "how events are logged, on standard error");
}

absl::Status Run(const RunOptions& run) {
  process::Signals signals;  // before any thread starts
  log::SetFormat(run.log_format);
  metrics::Registry registry;
  registry.AddProcessMetrics(kVersion);
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                   Store::Create(run.store));
  AddStoreMetrics(&registry, store.get());
  if (store->disk_was_damaged()) {
    log::Event(log::kWarning, "store was damaged and starts empty",
               {{"directory", run.store.directory}});
  }
  PrefixCacheService service(store.get());
  ASSIGN_OR_RETURN(const std::unique_ptr<rpc::Server> server,
                   rpc::Server::Start(run.server, {{kServiceName, &service}}));
  std::unique_ptr<http::Server> metrics;
  if (run.metrics_port >= 0) {
    ASSIGN_OR_RETURN(metrics, monitoring::StartMetricsListener(
                                  run.metrics_host, run.metrics_port, &registry,
                                  [] { return true; }));
  }
  server->SetServing(true);
  log::Event(log::kInfo, "prefix cache listens",
             {{"address", run.server.listen},
              {"port", server->port()},
              {"blocks_on_disk", store->Stats().disk_blocks}});
  const absl::Status status = process::RunUntilStopped(
      &signals, {.begin_drain =
                     [&] {
                       log::Event(log::kInfo, "draining");
                       server->SetServing(false);
                     },
                 // Running calls end within Shutdown's time.
                 .num_active = [] { return 0; },
                 .drain_timeout = absl::ZeroDuration()});
  server->Shutdown(run.drain_timeout);
  log::Event(log::kInfo, "stopped");
  return status;
}

}  // namespace

absl::Status RunPrefixCache(absl::Span<const std::string> args) {
  RunOptions run;
  options::Flags flags("tessera prefix_cache",
                       "Keeps keys and values of prefixes for verifiers.");
  AddFlags(&flags, &run);
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return absl::OkStatus();
  }
  return Run(run);
}

}  // namespace tessera::prefix_cache
