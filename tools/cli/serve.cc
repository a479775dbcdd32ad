#include "tools/cli/serve.h"

#include <iostream>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "libs/base/status_macros.h"
#include "libs/base/version.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/model/model_selection.h"
#include "libs/monitoring/process_options.h"
#include "libs/options/flags.h"
#include "libs/process/lifecycle.h"
#include "services/gateway/gateway.h"
#include "services/gateway/gateway_flags.h"
#include "services/gateway/playground/playground.h"
#include "services/prefix_cache/client/store_access.h"
#include "services/speculator/client/draft_options.h"
#include "services/speculator/make_speculator.h"
#include "services/verifier/local_client.h"
#include "services/verifier/options.h"
#include "services/verifier/verifier.h"

namespace tessera::cli {
namespace {

struct ServeOptions {
  model::ModelSelection selection;
  verifier::VerifierOptions verifier;
  speculator::DraftOptions drafts;
  prefix_cache::StoreAccessOptions store;
  gateway::GatewayOptions gateway;
  monitoring::ProcessOptions process;
};

void AddServeFlags(options::Flags* flags, ServeOptions* options) {
  model::AddModelFlags(flags, &options->selection);
  model::AddThreadsFlag(flags, &options->selection);
  verifier::AddVerifierFlags(flags, &options->verifier);
  speculator::AddDraftFlags(flags, &options->drafts);
  prefix_cache::AddStoreAccessFlags(flags, &options->store);
  gateway::AddGatewayFlags(flags, &options->gateway);
  monitoring::AddProcessFlags(flags, &options->process);
}

// What whoever started it wants to know first.
std::string Welcome(const std::string& host, int port,
                    const verifier::v1::ModelInfoResponse& info,
                    absl::Duration load_time) {
  const std::string url = absl::StrCat("http://", host, ":", port);
  return absl::StrFormat(
      "Tessera serves %s at %s\n"
      "  kernels %s, %d tokens of KV cache (%s), loaded in %.2f s\n"
      "  the page: open %s/ in a browser\n"
      "  the API:  curl %s/v1/chat/completions -H 'Content-Type: "
      "application/json' \\\n"
      "            -d '{\"messages\": [{\"role\": \"user\", \"content\": "
      "\"What is gravity?\"}]}'\n"
      "  Ctrl-C ends it\n",
      info.name(), url, info.kernels(), info.kv_capacity_tokens(),
      info.kv_dtype(), absl::ToDoubleSeconds(load_time), url, url);
}

// The served process, in the order in which its parts must end.
class Serving {
 public:
  static absl::StatusOr<std::unique_ptr<Serving>> Start(ServeOptions options) {
    auto serving = std::make_unique<Serving>();
    serving->host_ = options.gateway.http.address;
    serving->registry_.AddProcessMetrics(kVersion);
    ASSIGN_OR_RETURN(const model::ModelOptions model_options,
                     options.selection.ToModelOptions());
    ASSIGN_OR_RETURN(serving->store_, prefix_cache::StoreAccess::Open(
                                          options.store, &serving->registry_));
    options.verifier.prefix_caching = options.store.caching;
    ASSIGN_OR_RETURN(
        speculator::SpeculatorFactory speculator,
        speculator::MakeSpeculatorFactory(options.drafts, &serving->registry_));
    ASSIGN_OR_RETURN(
        serving->verifier_,
        verifier::Verifier::Create(
            options.verifier, options.selection.model, model_options,
            &serving->registry_, std::move(speculator), serving->store_.get()));
    serving->client_ =
        std::make_unique<verifier::LocalClient>(serving->verifier_.get());
    options.gateway.version = kVersion;
    options.gateway.static_files = gateway::FindStaticFile;
    ASSIGN_OR_RETURN(
        serving->gateway_,
        gateway::Gateway::Create(std::move(options.gateway),
                                 serving->client_.get(), &serving->registry_));
    // Answers 503 until the model is loaded.
    RETURN_IF_ERROR(serving->gateway_->Start());
    Serving* self = serving.get();
    serving->verifier_->OnLoaded(
        [self](absl::Status status) { self->Loaded(std::move(status)); });
    return serving;
  }

  gateway::Gateway& gateway() { return *gateway_; }

  // Why there is no model, once that is known.
  absl::Status failure() {
    std::lock_guard<std::mutex> lock(mutex_);
    return failure_;
  }

  void Stop() {
    gateway_->Stop();
    verifier_->Stop();
  }

 private:
  void Loaded(absl::Status status) {
    const auto info = verifier_->ModelInfo();
    if (status.ok() && info.ok()) {
      std::cout << Welcome(host_, gateway_->port(), *info, absl::Now() - start_)
                << std::flush;
    }
    std::lock_guard<std::mutex> lock(mutex_);
    failure_ = std::move(status);
  }

  const absl::Time start_ = absl::Now();
  std::string host_;
  metrics::Registry registry_;
  std::unique_ptr<prefix_cache::StoreAccess> store_;
  std::unique_ptr<verifier::Verifier> verifier_;
  std::unique_ptr<verifier::LocalClient> client_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::mutex mutex_;
  absl::Status failure_;  // by mutex_
};

absl::Status Serve(ServeOptions options) {
  process::Signals signals;  // before any thread starts
  log::SetFormat(options.process.log_format);
  const absl::Duration drain_timeout = options.process.drain_timeout;
  ASSIGN_OR_RETURN(const std::unique_ptr<Serving> serving,
                   Serving::Start(std::move(options)));
  gateway::Gateway& gateway = serving->gateway();
  const absl::Status status = process::RunUntilStopped(
      &signals, {.begin_drain =
                     [&] {
                       log::Event(log::kInfo, "draining",
                                  {{"active", gateway.num_active()}});
                       gateway.BeginDrain();
                     },
                 .num_active = [&] { return gateway.num_active(); },
                 // An error is logged, and the keys stay as they were.
                 .reload = [&] { gateway.ReloadKeys().IgnoreError(); },
                 .failure = [&] { return serving->failure(); },
                 .drain_timeout = drain_timeout});
  serving->Stop();
  log::Event(log::kInfo, "stopped");
  return status;
}

}  // namespace

absl::Status RunServe(absl::Span<const std::string> args,
                      const Environment& environment) {
  ServeOptions options;
  options.selection.model = environment.default_model;
  options.gateway.http.port = 8080;
  options::Flags flags("tessera serve",
                       "Serves a model: an OpenAI-compatible API and a page "
                       "to try it, on one address.");
  AddServeFlags(&flags, &options);
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return absl::OkStatus();
  }
  return Serve(std::move(options));
}

}  // namespace tessera::cli
