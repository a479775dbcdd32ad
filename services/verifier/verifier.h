// Verifier: owns the target model. Checks and tokenizes what is asked, and lets
// the engine compute it. Knows nothing of gRPC.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/metrics/metrics.h"
#include "libs/model/model.h"
#include "proto/verifier.pb.h"
#include "services/prefix_cache/client/store_access.h"
#include "services/speculator/client/target_model.h"
#include "services/verifier/client/verifier_client.h"
#include "services/verifier/engine.h"
#include "services/verifier/options.h"
#include "services/verifier/task_thread.h"
#include "services/verifier/verifier_metrics.h"
#include "services/verifier/words.h"

namespace tessera::verifier {

class Verifier {
 public:
  // Opens the model's file; vocabulary and weights are loaded behind the
  // caller's back (see OnLoaded). Errors name the file. `registry` outlives the
  // verifier, as does `store`; null: there is none. `make_speculator`, if there
  // is one, gives it a draft model; InvalidArgument: options.speculation wants
  // one, and there is none.
  static absl::StatusOr<std::unique_ptr<Verifier>> Create(
      const VerifierOptions& options, const std::string& model_file,
      const model::ModelOptions& model_options, metrics::Registry* registry,
      speculator::SpeculatorFactory make_speculator = nullptr,
      prefix_cache::StoreAccess* store = nullptr);
  ~Verifier();

  // Calls `done` once the model can answer, or with why it never will; at once
  // if that is known.
  void OnLoaded(std::function<void(absl::Status)> done);
  // Whether new generations are taken: loaded, and not draining.
  bool is_ready() const;
  // New generations get Unavailable from now on; those there are go on.
  void BeginDrain();
  // Of generations that are not done.
  int num_active() const { return num_active_.load(); }
  // Ends everything.
  void Stop();

  // As VerifierClient's. Errors come by the observer, or by `done`. A call
  // does not outlive the verifier.
  std::unique_ptr<GenerateCall> Generate(
      v1::GenerateRequest request, std::shared_ptr<GenerateObserver> observer);
  void Tokenize(v1::TokenizeRequest request,
                Callback<v1::TokenizeResponse> done);
  void Detokenize(v1::DetokenizeRequest request,
                  Callback<v1::DetokenizeResponse> done);
  // Dropping the call cancels it.
  std::unique_ptr<GenerateCall> Score(v1::ScoreRequest request,
                                      Callback<v1::ScoreResponse> done);
  absl::StatusOr<v1::ModelInfoResponse> ModelInfo() const;
  v1::MetricsResponse Metrics() const;

 private:
  Verifier(const VerifierOptions& options, metrics::Registry* registry);
  absl::StatusOr<LoadedModel> Load(
      model::ModelOptions options,
      const speculator::SpeculatorFactory& make_speculator);
  PrefixStore MakeStore(prefix_cache::StoreAccess* store);
  void Loaded(absl::StatusOr<EngineInfo> info);
  // Unavailable while loading; why the model was not loaded.
  absl::Status CheckLoaded() const;
  absl::Status CheckReady() const;
  v1::TokenizeResponse TokenizeNow(const std::vector<int32_t>& ids) const;

  VerifierOptions options_;
  metrics::Registry* const registry_;
  VerifierMetrics metrics_;
  std::optional<PrefixStoreMetrics> store_metrics_;  // if there is a store
  std::unique_ptr<Checkpoint> checkpoint_;
  std::unique_ptr<const Words> words_;  // not touched until loaded
  int64_t created_unix_seconds_ = 0;
  std::atomic<bool> is_draining_{false};
  std::atomic<int> num_active_{0};

  mutable std::mutex mutex_;
  bool is_loaded_ = false;                                 // by mutex_
  absl::StatusOr<EngineInfo> info_;                        // by mutex_
  std::vector<std::function<void(absl::Status)>> loaded_;  // by mutex_

  // Tokenizes, so that neither the network's threads nor the engine's wait.
  TaskThread tasks_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace tessera::verifier
