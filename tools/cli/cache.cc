#include "tools/cli/cache.h"

#include <condition_variable>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "libs/base/status_macros.h"
#include "libs/options/flags.h"
#include "libs/rpc/tls.h"
#include "services/prefix_cache/client/grpc_client.h"
#include "tools/cli/cache_warming.h"

namespace tessera::cli {
namespace {

using prefix_cache::PrefixCacheClient;

constexpr absl::Duration kTimeout = absl::Seconds(10);

struct CacheOptions {
  std::string action;
  std::string file;
  std::string address = "127.0.0.1:9091";
  rpc::TlsOptions tls;
  WarmingOptions warming;
};

void AddFlags(options::Flags* flags, CacheOptions* options) {
  flags->Positional("stats|clear|warm", &options->action,
                    "what a store holds; empties it; has a server compute "
                    "prompts, so that they are cached");
  flags->Positional("FILE", &options->file,
                    "warm: a prompt a line, as text, or JSON as the API takes "
                    "it, with \"messages\" or \"prompt\"");
  flags->Text("prefix-cache", &options->address, "HOST:PORT",
              "stats, clear: the store (`tessera prefix_cache`)");
  rpc::AddTlsFlags(flags, "", &options->tls);
  flags->Text("server", &options->warming.server, "HOST:PORT",
              "warm: the server (`tessera serve`, `tessera gateway`)");
  flags->Text("api-key-file", &options->warming.api_key_file, "FILE",
              "warm: the key whose caller the prompts are for");
}

// Calls that answer by a callback, waited for.
template <typename Response>
class Answer {
 public:
  prefix_cache::Callback<Response> callback() {
    return [this](absl::StatusOr<Response> response) {
      std::lock_guard<std::mutex> lock(mutex_);
      response_ = std::move(response);
      is_here_.notify_all();
    };
  }
  absl::StatusOr<Response> Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    is_here_.wait(lock, [&] { return response_.has_value(); });
    return *response_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable is_here_;
  std::optional<absl::StatusOr<Response>> response_;  // by mutex_
};

std::string Tier(absl::string_view name, int64_t num_blocks, int64_t bytes) {
  return absl::StrFormat("%-8s %d blocks, %.1f MiB\n", name, num_blocks,
                         static_cast<double>(bytes) / (1 << 20));
}

std::string Describe(const prefix_cache::v1::StatsResponse& stats) {
  return absl::StrCat(
      Tier("memory", stats.memory_blocks(), stats.memory_bytes()),
      Tier("disk", stats.disk_blocks(), stats.disk_bytes()),
      Tier("queue", stats.queue_blocks(), stats.queue_bytes()),
      absl::StrFormat(
          "since its start\n"
          "  asked    %d times for %d blocks, of which it had %d\n"
          "  got      %d blocks from memory, %d from disk, %d missed\n"
          "  put      %d new blocks, %.1f MiB; %d written\n"
          "  evicted  %d blocks from memory, %d from disk\n"
          "  lost     %d not written, %d writes failed, %d found damaged\n",
          stats.num_matches(), stats.num_queried_blocks(),
          stats.num_matched_blocks(), stats.num_memory_hits(),
          stats.num_disk_hits(), stats.num_misses(), stats.num_puts(),
          static_cast<double>(stats.put_bytes()) / (1 << 20),
          stats.num_written(), stats.num_memory_evictions(),
          stats.num_disk_evictions(), stats.num_dropped_writes(),
          stats.num_failed_writes(), stats.num_torn_blocks()));
}

absl::Status PrintStats(PrefixCacheClient* client) {
  Answer<prefix_cache::v1::StatsResponse> answer;
  client->Stats(absl::Now() + kTimeout, answer.callback());
  ASSIGN_OR_RETURN(const prefix_cache::v1::StatsResponse stats, answer.Wait());
  std::cout << Describe(stats);
  return absl::OkStatus();
}

absl::Status Clear(PrefixCacheClient* client) {
  Answer<prefix_cache::v1::EvictResponse> answer;
  client->Evict(nullptr, absl::Now() + kTimeout, answer.callback());
  ASSIGN_OR_RETURN(const prefix_cache::v1::EvictResponse evicted,
                   answer.Wait());
  std::cout << evicted.num_blocks() << " blocks removed\n";
  return absl::OkStatus();
}

absl::Status AskStore(const CacheOptions& options,
                      absl::Status (*ask)(PrefixCacheClient*)) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<PrefixCacheClient> client,
      prefix_cache::CreateGrpcClient(options.address, {.tls = options.tls}));
  const absl::Status status = ask(client.get());
  if (status.ok()) return status;
  return {status.code(), absl::StrCat("the store at ", options.address, ": ",
                                      status.message())};
}

}  // namespace

absl::Status RunCache(absl::Span<const std::string> args, const Environment&) {
  CacheOptions options;
  options::Flags flags("tessera cache",
                       "Looks after the caches of prompts' beginnings.");
  AddFlags(&flags, &options);
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return absl::OkStatus();
  }
  if (options.action != "warm" && !options.file.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.action, " takes no file"));
  }
  if (options.action == "stats") return AskStore(options, &PrintStats);
  if (options.action == "clear") return AskStore(options, &Clear);
  if (options.action != "warm") {
    return absl::InvalidArgumentError("say what to do: stats, clear or warm");
  }
  if (options.file.empty()) {
    return absl::InvalidArgumentError("warm: which FILE of prompts?");
  }
  return WarmCache(options.file, options.warming);
}

}  // namespace tessera::cli
