#include "services/speculator/run_speculator.h"

#include <iostream>
#include <limits>
#include <memory>
#include <mutex>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/base/version.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/model/model_selection.h"
#include "libs/monitoring/metrics_listener.h"
#include "libs/monitoring/process_options.h"
#include "libs/process/lifecycle.h"
#include "libs/rpc/server.h"
#include "services/speculator/load_speculator.h"
#include "services/speculator/options.h"
#include "services/speculator/speculator_service.h"

namespace tessera::speculator {
namespace {

struct RunOptions {
  model::ModelSelection selection;
  SpeculatorOptions speculator;
  rpc::ServerOptions server = {.listen = "127.0.0.1:9092"};
  std::string metrics_host = "127.0.0.1";
  int metrics_port = -1;  // none
  monitoring::ProcessOptions process = {.drain_timeout = absl::Seconds(1)};
};

void AddFlags(options::Flags* flags, RunOptions* run) {
  flags->Text("listen", &run->server.listen, "HOST:PORT",
              "where verifiers reach it; port 0: any free one");
  rpc::AddTlsFlags(flags, "", &run->server.tls);
  model::AddModelFlags(flags, &run->selection);
  model::AddThreadsFlag(flags, &run->selection);
  flags->Bytes("kv-memory", &run->speculator.kv_memory_bytes, 1,
               std::numeric_limits<int64_t>::max(),
               "bytes of cached keys and values, such as 1GiB");
  flags->Int("max-sequences", &run->speculator.max_sequences,
             "sequences whose state is kept");
  flags->Text("metrics-host", &run->metrics_host, "HOST",
              "where /metrics and /health are served");
  flags->Int("metrics-port", &run->metrics_port, -1, 65535,
             "port of /metrics and /health; -1: none");
  monitoring::AddProcessFlags(flags, &run->process);
}

// Whether the model is loaded, and the server that is to say so. Any thread.
class Readiness {
 public:
  void Loaded(absl::Status status) {
    std::lock_guard<std::mutex> lock(mutex_);
    status_ = std::move(status);
    is_loaded_ = status_.ok();
    Tell();
  }
  // Null: there is none any more.
  void SetServer(rpc::Server* server) {
    std::lock_guard<std::mutex> lock(mutex_);
    server_ = server;
    Tell();
  }
  absl::Status status() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return status_;
  }
  bool is_loaded() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return is_loaded_;
  }

 private:
  void Tell() {
    if (server_ != nullptr && is_loaded_) server_->SetServing(true);
  }

  mutable std::mutex mutex_;
  absl::Status status_;            // by mutex_
  bool is_loaded_ = false;         // by mutex_
  rpc::Server* server_ = nullptr;  // by mutex_
};

// A server that readiness is told of as long as it lives.
struct ReadyServer {
  ~ReadyServer() {
    if (readiness != nullptr) readiness->SetServer(nullptr);
  }
  std::unique_ptr<rpc::Server> server;
  Readiness* readiness = nullptr;
};

absl::Status Run(const RunOptions& run) {
  process::Signals signals;  // before any thread starts
  log::SetFormat(run.process.log_format);
  RETURN_IF_ERROR(run.speculator.Validate());
  metrics::Registry registry;
  registry.AddProcessMetrics(kVersion);
  ASSIGN_OR_RETURN(const model::ModelOptions model_options,
                   run.selection.ToModelOptions());
  Readiness readiness;
  SpeculatorService service(
      [&] {
        return LoadOwnSpeculator(run.selection.model, model_options,
                                 run.speculator, &registry);
      },
      [&](absl::Status status) { readiness.Loaded(std::move(status)); });
  ReadyServer ready;
  ASSIGN_OR_RETURN(ready.server,
                   rpc::Server::Start(run.server, {{kServiceName, &service}}));
  rpc::Server* server = ready.server.get();
  ready.readiness = &readiness;
  readiness.SetServer(server);
  std::unique_ptr<http::Server> metrics;
  if (run.metrics_port >= 0) {
    ASSIGN_OR_RETURN(metrics, monitoring::StartMetricsListener(
                                  run.metrics_host, run.metrics_port, &registry,
                                  [&] { return readiness.is_loaded(); }));
  }
  log::Event(log::kInfo, "speculator listens",
             {{"address", run.server.listen}, {"port", server->port()}});
  const absl::Status status = process::RunUntilStopped(
      &signals, {.begin_drain =
                     [&] {
                       log::Event(log::kInfo, "draining");
                       server->SetServing(false);
                     },
                 // Running calls end within Shutdown's time.
                 .num_active = [] { return 0; },
                 .failure = [&] { return readiness.status(); },
                 .drain_timeout = absl::ZeroDuration()});
  server->Shutdown(run.process.drain_timeout);
  log::Event(log::kInfo, "stopped");
  return status;
}

}  // namespace

absl::Status RunSpeculator(absl::Span<const std::string> args,
                           const std::string& default_model) {
  RunOptions run;
  run.selection.model = default_model;
  options::Flags flags("tessera speculator",
                       "Owns a draft model and proposes tokens to verifiers.");
  AddFlags(&flags, &run);
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return absl::OkStatus();
  }
  return Run(run);
}

}  // namespace tessera::speculator
