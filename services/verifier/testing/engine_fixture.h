// EngineFixture: an engine over a small random model, and answers one can wait
// for.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libs/metrics/metrics.h"
#include "services/verifier/client/verifier_client.h"
#include "services/verifier/engine.h"
#include "services/verifier/generation.h"
#include "services/verifier/options.h"
#include "services/verifier/verifier_metrics.h"
#include "services/verifier/words.h"

namespace tessera::verifier {

// All that came of one generation.
struct Answer {
  absl::Status status;
  v1::PromptInfo prompt;
  std::vector<v1::ChoiceDelta> choices;  // deltas put together
  v1::Usage usage;
  int num_responses = 0;

  // Everything but times and what was cached: what must not change.
  std::string Bits() const;
};

// Gathers an answer; `After` waits for it.
class Listener : public GenerateObserver {
 public:
  void OnResponse(v1::GenerateResponse response) override;
  void OnDone(absl::Status status) override;

  // Waits for the end.
  const Answer& Wait();
  // Waits for so many responses, or the end.
  void WaitForResponses(int count);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_done_ = false;
  Answer answer_;
};

struct FixtureOptions {
  VerifierOptions verifier;
  int num_threads = 1;
  int64_t max_batch_tokens = 64;
  // Makes the draft model; may be empty.
  std::function<std::unique_ptr<speculator::SpeculatorClient>()> speculator;
  int32_t num_blocks = 256;  // of 32 tokens; sets verifier.kv_memory_bytes
  attention::KvDType kv_dtype = attention::KvDType::kBF16;
  prefix_cache::PrefixCacheClient* store = nullptr;  // outlives the fixture
};

class EngineFixture {
 public:
  explicit EngineFixture(FixtureOptions options);

  const Words& words() const { return *words_; }
  const EngineInfo& info() const { return info_; }
  Engine& engine() { return *engine_; }
  metrics::Registry& registry() { return registry_; }

  struct Asked {
    std::shared_ptr<Listener> listener;
    std::shared_ptr<Generation> generation;  // null: the request was refused
  };
  Asked Ask(const v1::GenerateRequest& request);

 private:
  metrics::Registry registry_;
  VerifierMetrics metrics_{&registry_, "small"};
  PrefixStoreMetrics store_metrics_{&registry_, "small"};
  std::unique_ptr<const Words> words_;
  EngineInfo info_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace tessera::verifier
