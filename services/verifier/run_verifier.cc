#include "services/verifier/run_verifier.h"

#include <iostream>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/version.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/model/model_selection.h"
#include "libs/monitoring/metrics_listener.h"
#include "libs/monitoring/process_options.h"
#include "libs/process/lifecycle.h"
#include "libs/rpc/server.h"
#include "services/prefix_cache/client/store_access.h"
#include "services/verifier/options.h"
#include "services/verifier/verifier.h"
#include "services/verifier/verifier_service.h"

namespace tessera::verifier {
namespace {

constexpr char kServiceName[] = "tessera.verifier.v1.Verifier";

struct RunOptions {
  model::ModelSelection selection;
  VerifierOptions verifier;
  speculator::DraftOptions drafts;
  prefix_cache::StoreAccessOptions store;
  rpc::ServerOptions server = {.listen = "127.0.0.1:9090"};
  std::string metrics_host = "127.0.0.1";
  int metrics_port = -1;  // none
  monitoring::ProcessOptions process;
};

void AddFlags(options::Flags* flags, RunOptions* run) {
  flags->Text("listen", &run->server.listen, "HOST:PORT",
              "where gateways reach it; port 0: any free one");
  rpc::AddTlsFlags(flags, "", &run->server.tls);
  model::AddModelFlags(flags, &run->selection);
  model::AddThreadsFlag(flags, &run->selection);
  AddVerifierFlags(flags, &run->verifier);
  speculator::AddDraftFlags(flags, &run->drafts);
  prefix_cache::AddStoreAccessFlags(flags, &run->store);
  flags->Text("metrics-host", &run->metrics_host, "HOST",
              "where /metrics and /health are served");
  flags->Int("metrics-port", &run->metrics_port, -1, 65535,
             "port of /metrics and /health; -1: none");
  monitoring::AddProcessFlags(flags, &run->process);
}

// Whether the model could be loaded, from any thread.
class LoadResult {
 public:
  void Set(absl::Status status) {
    std::lock_guard<std::mutex> lock(mutex_);
    status_ = std::move(status);
  }
  absl::Status status() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return status_;
  }

 private:
  mutable std::mutex mutex_;
  absl::Status status_;
};

absl::Status Run(const RunOptions& run, const MakeSpeculator& make_speculator) {
  process::Signals signals;  // before any thread starts
  log::SetFormat(run.process.log_format);
  LoadResult loaded;
  metrics::Registry registry;
  registry.AddProcessMetrics(kVersion);
  ASSIGN_OR_RETURN(const model::ModelOptions model_options,
                   run.selection.ToModelOptions());
  ASSIGN_OR_RETURN(speculator::SpeculatorFactory speculator,
                   make_speculator(run.drafts, &registry));
  ASSIGN_OR_RETURN(const std::unique_ptr<prefix_cache::StoreAccess> store,
                   prefix_cache::StoreAccess::Open(run.store, &registry));
  VerifierOptions verifier_options = run.verifier;
  verifier_options.prefix_caching = run.store.caching;
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Verifier> verifier,
      Verifier::Create(verifier_options, run.selection.model, model_options,
                       &registry, std::move(speculator), store.get()));
  VerifierService service(verifier.get());
  ASSIGN_OR_RETURN(const std::unique_ptr<rpc::Server> server,
                   rpc::Server::Start(run.server, {{kServiceName, &service}}));
  std::unique_ptr<http::Server> metrics;
  if (run.metrics_port >= 0) {
    ASSIGN_OR_RETURN(metrics, monitoring::StartMetricsListener(
                                  run.metrics_host, run.metrics_port, &registry,
                                  [&] { return verifier->is_ready(); }));
  }
  log::Event(log::kInfo, "verifier listens",
             {{"address", run.server.listen}, {"port", server->port()}});
  verifier->OnLoaded([&](absl::Status status) {
    if (status.ok()) server->SetServing(true);
    loaded.Set(std::move(status));
  });
  const absl::Status status = process::RunUntilStopped(
      &signals, {.begin_drain =
                     [&] {
                       log::Event(log::kInfo, "draining");
                       server->SetServing(false);
                       verifier->BeginDrain();
                     },
                 .num_active = [&] { return verifier->num_active(); },
                 .failure = [&] { return loaded.status(); },
                 .drain_timeout = run.process.drain_timeout});
  verifier->Stop();
  server->Shutdown(absl::Seconds(1));
  log::Event(log::kInfo, "stopped");
  return status;
}

}  // namespace

absl::Status RunVerifier(absl::Span<const std::string> args,
                         const std::string& default_model,
                         const MakeSpeculator& make_speculator) {
  RunOptions run;
  run.selection.model = default_model;
  options::Flags flags("tessera verifier",
                       "Owns a model and answers gateways over gRPC.");
  AddFlags(&flags, &run);
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return absl::OkStatus();
  }
  return Run(run, make_speculator);
}

}  // namespace tessera::verifier
