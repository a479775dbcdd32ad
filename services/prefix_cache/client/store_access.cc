#include "services/prefix_cache/client/store_access.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/base/status_macros.h"
#include "libs/log/log.h"
#include "libs/options/secret_file.h"
#include "services/prefix_cache/client/grpc_client.h"
#include "services/prefix_cache/local_client.h"
#include "services/prefix_cache/store.h"
#include "services/prefix_cache/store_metrics.h"

namespace tessera::prefix_cache {
namespace {

// Where there is no secret: names are not predictable by accident only.
constexpr char kPublicKey[] = "tessera prefix cache without a secret";

// on, off or HOST:PORT.
absl::Status SetCaching(absl::string_view value, StoreAccessOptions* options) {
  options->address.clear();
  options->caching = value != "off";
  if (value == "on" || value == "off") return absl::OkStatus();
  if (value.find(':') == absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        "must be on, off, or a store's address HOST:PORT, not ", value));
  }
  options->address = std::string(value);
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadSecret(const std::string& path) {
  absl::StatusOr<std::string> secret = options::ReadSecretFile(path);
  if (!secret.ok()) return Annotate(secret.status(), "--prefix-cache-secret");
  return secret;
}

bool HasTls(const rpc::TlsOptions& tls) {
  return tls.enabled() || !tls.key_file.empty();
}

}  // namespace

absl::Status StoreAccessOptions::Validate() const {
  RETURN_IF_ERROR(local.Validate());
  RETURN_IF_ERROR(tls.Validate());
  if (!caching && (has_local() || !secret_file.empty() || HasTls(tls))) {
    return absl::InvalidArgumentError(
        "--prefix-cache off: there is no store then; leave out the other "
        "--prefix-cache-... flags");
  }
  if (!address.empty() && has_local()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--prefix-cache ", address,
                     " is a store elsewhere; --prefix-cache-dir and "
                     "--prefix-cache-memory make one in this process: give "
                     "those to `tessera prefix_cache` instead"));
  }
  if (address.empty() && HasTls(tls)) {
    return absl::InvalidArgumentError(
        "--prefix-cache-tls-...: for a store elsewhere, --prefix-cache "
        "HOST:PORT");
  }
  if (address.empty() && !has_local() && !secret_file.empty()) {
    return absl::InvalidArgumentError(
        "--prefix-cache-secret: there is no store; give --prefix-cache "
        "HOST:PORT or --prefix-cache-dir DIR");
  }
  if (local.directory.empty() &&
      local.disk_bytes != StoreOptions().disk_bytes) {
    return absl::InvalidArgumentError(
        "--prefix-cache-disk: give --prefix-cache-dir DIR too");
  }
  return absl::OkStatus();
}

void AddStoreAccessFlags(options::Flags* flags, StoreAccessOptions* options) {
  flags->Custom(
      {.name = "prefix-cache",
       .value_word = "on|off|HOST:PORT",
       .default_text = "on",
       .help = "whether finished sequences' keys and values are kept for "
               "prompts that begin alike; an address: in a store there too "
               "(`tessera prefix_cache`)",
       .set = [options](absl::string_view value) {
         return SetCaching(value, options);
       }});
  AddStoreFlags(flags, "prefix-cache-", &options->local);
  flags->Text("prefix-cache-secret", &options->secret_file, "FILE",
              "shared by all who share a store's blocks: only they can make or "
              "name one");
  rpc::AddTlsFlags(flags, "prefix-cache-", &options->tls);
}

absl::StatusOr<std::unique_ptr<StoreAccess>> StoreAccess::Open(
    const StoreAccessOptions& options, metrics::Registry* registry) {
  RETURN_IF_ERROR(options.Validate());
  std::unique_ptr<StoreAccess> access(new StoreAccess());
  std::string secret;
  if (!options.secret_file.empty()) {
    ASSIGN_OR_RETURN(secret, ReadSecret(options.secret_file));
  }
  access->key_ = secret.empty() ? kPublicKey : secret;
  if (!options.address.empty()) {
    RETURN_IF_ERROR(access->OpenRemote(options, secret));
  } else if (options.has_local()) {
    RETURN_IF_ERROR(access->OpenLocal(options.local, registry));
  }
  if (access->client_ != nullptr) access->AddBreakerMetric(registry);
  return access;
}

StoreAccess::~StoreAccess() = default;

absl::Status StoreAccess::OpenLocal(const StoreOptions& options,
                                    metrics::Registry* registry) {
  ASSIGN_OR_RETURN(store_, Store::Create(options));
  AddStoreMetrics(registry, store_.get());
  if (store_->disk_was_damaged()) {
    log::Event(log::kWarning, "store was damaged and starts empty",
               {{"directory", options.directory}});
  }
  client_ = std::make_unique<GuardedClient>(
      std::make_unique<LocalClient>(store_.get()));
  return absl::OkStatus();
}

absl::Status StoreAccess::OpenRemote(const StoreAccessOptions& options,
                                     const std::string& secret) {
  ASSIGN_OR_RETURN(std::unique_ptr<PrefixCacheClient> client,
                   CreateGrpcClient(options.address,
                                    {.tls = options.tls, .secret = secret}));
  // Connects, so that the first request finds it done.
  client->Stats(absl::Now() + absl::Seconds(5), [address = options.address](
                                                    const auto& stats) {
    if (stats.ok()) return;
    log::Event(log::kWarning, "no prefix store",
               {{"address", address}, {"error", stats.status().ToString()}});
  });
  client_ = std::make_unique<GuardedClient>(std::move(client));
  return absl::OkStatus();
}

void StoreAccess::AddBreakerMetric(metrics::Registry* registry) const {
  metrics::Gauge& gauge = registry->AddGauge(
      "tessera_prefix_store_breaker_state",
      "Whether the store is asked: 0 yes, 1 to see if it is back, 2 no.", {});
  registry->OnCollect([&gauge, client = client_.get()] {
    switch (client->state()) {
      case CircuitBreaker::State::kClosed:
        return gauge.Set(0);
      case CircuitBreaker::State::kHalfOpen:
        return gauge.Set(1);
      case CircuitBreaker::State::kOpen:
        return gauge.Set(2);
    }
  });
}

}  // namespace tessera::prefix_cache
