// Engine: the one loop that computes. Start here.
//
//   schedule -> forward -> sample -> publish
//
// Its thread loads the model (whose worker team pins it to a core), then steps
// as long as there is something to compute and sleeps when there is not. Every
// step takes the next token of each running answer and pieces of waiting
// prompts through one forward pass. By the model's invariant an answer's bits
// depend on its request alone, whatever else was in its passes.
//
// Requests come in through an inbox, answers go out by their observers, on the
// engine's thread. Parts with an idea of their own: model_pass.h (forward and
// draw), drafting/request_drafts.h, prefix/stored_prefixes.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/kv_cache/block_pool.h"
#include "libs/model/model.h"
#include "libs/scheduling/scheduler.h"
#include "libs/scheduling/step_budget.h"
#include "services/verifier/drafting/request_drafts.h"
#include "services/verifier/drawing.h"
#include "services/verifier/generation.h"
#include "services/verifier/inbox.h"
#include "services/verifier/model_pass.h"
#include "services/verifier/options.h"
#include "services/verifier/prefix/shared_prefixes.h"
#include "services/verifier/prefix/stored_prefixes.h"
#include "services/verifier/request.h"
#include "services/verifier/verifier_metrics.h"

namespace tessera::verifier {

// What the engine turned out to serve, once it is loaded.
struct EngineInfo {
  ServedLimits limits;
  device::KernelSet kernels;
  attention::KvDType kv_dtype;
  int num_threads = 0;
  int64_t kv_capacity_tokens = 0;
};

struct LoadedModel {
  std::unique_ptr<model::Model> model;
  const tokenizer::Tokenizer* tokenizer = nullptr;  // outlives the engine
  SharedPrefixes shared_prefixes;
  // Of a draft model; may be null. It may use the model's team.
  std::unique_ptr<speculator::SpeculatorClient> speculator;
  std::string fingerprint;  // CheckpointFingerprint's, for a store
};

class Engine {
 public:
  using LoadModel = std::function<absl::StatusOr<LoadedModel>()>;

  // Starts the thread, which calls `load`, then `loaded` with what came of it.
  // After an error it answers nothing. `metrics` outlives the engine, as does
  // what `store` points to.
  Engine(const VerifierOptions& options, VerifierMetrics* metrics,
         LoadModel load, std::function<void(absl::StatusOr<EngineInfo>)> loaded,
         const PrefixStore& store = {});
  // Stop()s.
  ~Engine();

  // Queues a generation; its observer hears the rest. After Stop: Unavailable.
  void Submit(std::shared_ptr<Generation> generation);
  // A generation was cancelled: look soon.
  void Wake();
  // Ends the step under way and then everything: Unavailable to whoever waits.
  void Stop();

  // A snapshot, as of the latest step. Any thread.
  scheduling::SchedulerStats stats() const;

 private:
  using Requests = std::vector<std::unique_ptr<Request>>;

  void Run(const LoadModel& load,
           const std::function<void(absl::StatusOr<EngineInfo>)>& loaded);
  absl::StatusOr<EngineInfo> Load(const LoadModel& load);
  // False: stopped.
  bool WaitForWork();
  void TakeInbox();
  void DropCancelled();
  void Step();
  // The latest pass was computed and drawn from.
  void TakeScores();
  void BeginAnswers(absl::Span<const scheduling::Chunk> chunks);
  void ObserveStep(absl::Span<const scheduling::Chunk> chunks,
                   absl::Duration pass, absl::Duration step);
  void Publish(absl::Time now);
  void Advance(const Drawing& drawing, absl::Time now);
  // No pass could be computed: nobody waits for its sequences any more.
  void Fail(absl::Span<const scheduling::Chunk> chunks);
  // Its sequence goes.
  void EndSequence(Request* request, int choice);
  // Lets go of its sequences and tells the observer.
  void Finish(Request* request, absl::Status status);
  // Nothing can be computed now: until when to sleep.
  void Idle();
  void RemoveDone();
  void PublishStats();

  const VerifierOptions options_;
  VerifierMetrics* const metrics_;
  const PrefixStore store_;

  // The engine's thread alone.
  const tokenizer::Tokenizer* tokenizer_ = nullptr;
  SharedPrefixes shared_prefixes_;
  std::unique_ptr<model::Model> model_;
  std::unique_ptr<kv_cache::BlockPool> pool_;
  std::unique_ptr<scheduling::Scheduler> scheduler_;
  std::unique_ptr<scheduling::StepBudget> budget_;
  std::unique_ptr<ModelPass> pass_;
  std::unique_ptr<RequestDrafts> drafts_;
  std::unique_ptr<StoredPrefixes> stored_;  // null: there is no store
  absl::Time idle_until_ = absl::InfinitePast();
  Requests requests_;
  ModelPass::Owners by_sequence_;
  std::vector<const Request*> begun_;  // whose answers, by the pass under way

  Inbox inbox_;
  mutable std::mutex mutex_;
  scheduling::SchedulerStats stats_;  // by mutex_

  std::thread thread_;  // last: it uses the rest
};

}  // namespace tessera::verifier
