#include "services/gateway/run_gateway.h"

#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/version.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/monitoring/process_options.h"
#include "libs/process/lifecycle.h"
#include "libs/rpc/tls.h"
#include "services/gateway/gateway.h"
#include "services/gateway/gateway_flags.h"
#include "services/gateway/playground/playground.h"
#include "services/gateway/ticker.h"
#include "services/gateway/verifier_pool.h"
#include "services/verifier/client/grpc_client.h"

namespace tessera::gateway {
namespace {

struct RunOptions {
  GatewayOptions gateway;
  std::vector<std::string> verifiers;
  rpc::TlsOptions verifier_tls;
  monitoring::ProcessOptions process;
};

void AddFlags(options::Flags* flags, RunOptions* run) {
  flags->Texts("verifier", &run->verifiers, "HOST:PORT",
               "where a verifier listens");
  rpc::AddTlsFlags(flags, "verifier-", &run->verifier_tls);
  AddGatewayFlags(flags, &run->gateway);
  monitoring::AddProcessFlags(flags, &run->process);
}

absl::StatusOr<std::unique_ptr<VerifierPool>> MakePool(
    const RunOptions& run, metrics::Registry* registry) {
  std::vector<VerifierPool::Member> members;
  for (const std::string& address : run.verifiers) {
    ASSIGN_OR_RETURN(std::unique_ptr<verifier::VerifierClient> client,
                     verifier::CreateGrpcClient(
                         address, {.channel = {.tls = run.verifier_tls}}));
    members.push_back({address, std::move(client)});
  }
  return std::make_unique<VerifierPool>(std::move(members), registry);
}

absl::Status Run(RunOptions run) {
  process::Signals signals;  // before any thread starts
  log::SetFormat(run.process.log_format);
  if (run.verifiers.empty()) {
    return absl::InvalidArgumentError(
        "--verifier HOST:PORT is missing: where a verifier listens");
  }
  metrics::Registry registry;
  registry.AddProcessMetrics(kVersion);
  run.gateway.version = kVersion;
  run.gateway.static_files = FindStaticFile;
  ASSIGN_OR_RETURN(const std::unique_ptr<VerifierPool> pool,
                   MakePool(run, &registry));
  const Ticker ticker(kPollPeriod, [&] { pool->Poll(); });
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Gateway> gateway,
      Gateway::Create(std::move(run.gateway), pool.get(), &registry));
  RETURN_IF_ERROR(gateway->Start());
  log::Event(log::kInfo, "gateway listens", {{"port", gateway->port()}});
  const absl::Status status = process::RunUntilStopped(
      &signals, {.begin_drain =
                     [&] {
                       log::Event(log::kInfo, "draining");
                       gateway->BeginDrain();
                     },
                 .num_active = [&] { return gateway->num_active(); },
                 // An error is logged, and the keys stay as they were.
                 .reload = [&] { gateway->ReloadKeys().IgnoreError(); },
                 .drain_timeout = run.process.drain_timeout});
  gateway->Stop();
  log::Event(log::kInfo, "stopped");
  return status;
}

}  // namespace

absl::Status RunGateway(absl::Span<const std::string> args) {
  RunOptions run;
  run.gateway.http.port = 8080;
  options::Flags flags("tessera gateway",
                       "Serves the OpenAI-compatible API over HTTP, before "
                       "verifiers elsewhere.");
  AddFlags(&flags, &run);
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return absl::OkStatus();
  }
  return Run(std::move(run));
}

}  // namespace tessera::gateway
