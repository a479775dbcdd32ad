// Generation: one request, checked and tokenized, as the engine gets it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/sampling/parameters.h"
#include "proto/verifier.pb.h"
#include "services/verifier/choice.h"
#include "services/verifier/client/verifier_client.h"
#include "services/verifier/words.h"

namespace tessera::verifier {

// What a request may ask for.
inline constexpr int kMaxChoices = 128;
inline constexpr int kMaxStops = 64;
inline constexpr int kMaxStopBytes = 4096;
inline constexpr int kMaxLogprobs = 128;
inline constexpr int kMaxRequestIdBytes = 256;
inline constexpr int kMaxPredictionBytes = 1 << 20;

struct Generation {
  std::vector<int32_t> prompt;
  std::vector<Choice> choices;  // n of them
  bool draws = true;            // false: max_tokens is 0, nothing is drawn
  std::optional<int> num_logprobs;
  std::optional<int> num_prompt_logprobs;
  bool return_prompt_token_ids = false;
  bool return_token_sources = false;
  std::vector<int32_t> prediction;      // what the answer may say
  std::optional<int> max_draft_tokens;  // of one draft, beside the server's
  bool stream = false;
  int priority = 0;
  std::string cache_salt;
  absl::Time arrived;

  // Anybody may set it; the engine looks at every step.
  std::atomic<bool> is_cancelled{false};

  // Calls the observer unless it was detached.
  void Respond(v1::GenerateResponse response);
  void Finish(absl::Status status);
  void Detach();

  std::mutex observer_mutex;
  std::shared_ptr<GenerateObserver> observer;
};

// The limits that depend on what is served.
struct ServedLimits {
  int64_t context_len = 0;
  int32_t vocab_size = 0;  // of the logits: at least the tokenizer's
};

// InvalidArgument, its message starting with the request's field. `now` also
// seeds requests that bring no seed of their own.
absl::StatusOr<std::shared_ptr<Generation>> PrepareGeneration(
    const v1::GenerateRequest& request, const Words& words,
    const ServedLimits& limits, absl::Time now);

}  // namespace tessera::verifier
