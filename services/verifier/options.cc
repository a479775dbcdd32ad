#include "services/verifier/options.h"

#include <algorithm>
#include <fstream>
#include <limits>

#include "absl/strings/str_cat.h"

namespace tessera::verifier {
namespace {

// The number in a one-number file; `fallback` where there is none ("max").
int64_t ReadNumber(const std::string& path, int64_t fallback) {
  std::ifstream file(path);
  int64_t value = 0;
  return file >> value ? value : fallback;
}

int64_t MemAvailable() {
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  int64_t kilobytes = 0;
  while (file >> key >> kilobytes) {
    if (key == "MemAvailable:") return kilobytes << 10;
    std::getline(file, unit);
  }
  return int64_t{1} << 30;
}

}  // namespace

absl::Status VerifierOptions::Validate() const {
  if (kv_memory_bytes < 0) {
    return absl::InvalidArgumentError("kv_memory must not be negative");
  }
  if (max_queued < 1 || max_queued > 1 << 20) {
    return absl::InvalidArgumentError(absl::StrCat(
        "max_queued is ", max_queued, ": must be from 1 to 1,048,576"));
  }
  if (max_running < 1 || max_running > 4096) {
    return absl::InvalidArgumentError(absl::StrCat(
        "max_running is ", max_running, ": must be from 1 to 4,096"));
  }
  if (target_inter_token < absl::Milliseconds(1) ||
      target_inter_token > absl::Seconds(60)) {
    return absl::InvalidArgumentError(
        "target_inter_token_ms must be from 1 to 60,000");
  }
  if (shared_prefix_files.size() > kMaxSharedPrefixes) {
    return absl::InvalidArgumentError(
        absl::StrCat("shared_prefix names ", shared_prefix_files.size(),
                     " files: at most ", kMaxSharedPrefixes));
  }
  if (stream_interval < absl::ZeroDuration() ||
      stream_interval > absl::Seconds(10)) {
    return absl::InvalidArgumentError(
        "stream_interval_ms must be from 0 to 10,000");
  }
  if (max_draft_tokens < 1 || max_draft_tokens > kMaxDraftTokens) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_draft_tokens is ", max_draft_tokens,
                     ": must be from 1 to ", kMaxDraftTokens));
  }
  if (!prefix_caching && !shared_prefix_files.empty()) {
    return absl::InvalidArgumentError(
        "shared_prefix names files, but prefix_cache is off: nothing would be "
        "shared");
  }
  if (model_name.size() > 256) {
    return absl::InvalidArgumentError("model_name is over 256 bytes long");
  }
  return absl::OkStatus();
}

void AddVerifierFlags(options::Flags* flags, VerifierOptions* options) {
  flags->Text("model-name", &options->model_name, "NAME",
              "what requests call the model; by default its file's name");
  flags->Bytes("kv-memory", &options->kv_memory_bytes, 0,
               std::numeric_limits<int64_t>::max(),
               "bytes of cached keys and values, such as 4GiB; 0: a quarter of "
               "the memory available");
  flags->Int("max-queued", &options->max_queued,
             "requests that may wait; more are refused at once");
  flags->Int("max-running", &options->max_running,
             "sequences computed in one pass");
  absl::Duration* target = &options->target_inter_token;
  flags->Custom(options::internal::RealFlag(
      "target-inter-token-ms", absl::ToDoubleMilliseconds(*target), 1, 60'000,
      "prompts are computed in pieces so that running answers get their next "
      "token within so many milliseconds, where that can be",
      [target](double value) { *target = absl::Milliseconds(value); }));
  absl::Duration* interval = &options->stream_interval;
  flags->Custom(options::internal::RealFlag(
      "stream-interval-ms", absl::ToDoubleMilliseconds(*interval), 0, 10'000,
      "tokens of a stream that come within so many milliseconds of its last "
      "piece wait for the next one; 0: every token goes out at once",
      [interval](double value) { *interval = absl::Milliseconds(value); }));
  flags->Texts("shared-prefix", &options->shared_prefix_files, "FILE",
               "the beginning of prompts, such as a system message, that all "
               "callers share in the cache although nothing else is: JSON "
               "{\"messages\": [...]}, or a raw prompt; may be repeated");
  flags->Choice("speculation", &options->speculation,
                {{"auto", SpeculationMode::kAuto},
                 {"off", SpeculationMode::kOff},
                 {"lookup", SpeculationMode::kLookup},
                 {"draft", SpeculationMode::kDraft}},
                "what the next tokens are guessed from: the text itself and "
                "the request's prediction, a draft model, or both; no answer "
                "depends on it");
  flags->Choice("speculation-rule", &options->speculation_rule,
                {{"match", SpeculationRule::kMatch},
                 {"rejection", SpeculationRule::kRejection}},
                "what keeps a draft token of a sampled answer: that it is the "
                "one drawn without drafts (every answer stays, bit for bit), "
                "or its chance (the distribution stays, but a seed no longer "
                "gives the same answer)");
  flags->Int("max-draft-tokens", &options->max_draft_tokens,
             "tokens guessed at once, at most");
}

int64_t AvailableMemoryBytes() {
  const int64_t unlimited = std::numeric_limits<int64_t>::max();
  const int64_t limit = ReadNumber("/sys/fs/cgroup/memory.max", unlimited);
  const int64_t used = ReadNumber("/sys/fs/cgroup/memory.current", 0);
  const int64_t left = limit == unlimited ? unlimited : limit - used;
  return std::max<int64_t>(0, std::min(MemAvailable(), left));
}

}  // namespace tessera::verifier
