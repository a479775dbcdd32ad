// Speculator: a draft model and its cache. Start here; in process it is its own
// client, on the thread of the engine that owns the target.
//
//   a call:  what each sequence lacks, in one pass     -> a token for each that
//                                                         has caught up
//            a pass for each further draft token, of those that want more
//
// What it computed follows the tokens that it is given (draft_cache.h), so that
// lost, repeated and reordered calls, or a restart, cost time and nothing else.
// Drafts of one sequence depend on its tokens and sampler alone, by the model's
// invariant: not on the batch, on what was cached, or on what was drafted
// before.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/model/model.h"
#include "libs/sampling/sampler.h"
#include "libs/sampling/scratch.h"
#include "services/speculator/catch_up_budget.h"
#include "services/speculator/client/speculator_client.h"
#include "services/speculator/draft_cache.h"
#include "services/speculator/options.h"
#include "services/speculator/speculator_metrics.h"

namespace tessera::speculator {

class Speculator : public SpeculatorClient {
 public:
  // `vocab_size`: columns of the target's logits, and of every sampler's; the
  // draft model's may be more or fewer, where files pad them differently. The
  // first tokens of both are the same (vocabulary_match.h). `registry`
  // outlives the speculator. Errors as options.Validate and DraftCache::Create.
  static absl::StatusOr<std::unique_ptr<Speculator>> Create(
      std::unique_ptr<model::Model> model, int32_t vocab_size,
      const SpeculatorOptions& options, metrics::Registry* registry);

  bool is_ready() const override { return true; }
  // CHECK: the requests are as client/speculator_client.h has them. A sequence
  // with a token that the draft model lacks, or that is past its context, gets
  // no draft. Internal: the pass failed.
  absl::Status Propose(absl::Span<const DraftRequest> requests,
                       absl::Time deadline, std::vector<Draft>* drafts,
                       DraftTimes* times) override;
  void Release(SequenceId sequence) override;

  const model::Model& model() const { return *model_; }
  const DraftCache& cache() const { return *cache_; }

 private:
  // One sequence of a call.
  struct Work {
    const DraftRequest* request;
    Draft* draft;
    DraftCache::Entry* entry;
    int64_t num_missing;  // tokens to compute before the first draft token
    int max_tokens;       // 0: catches up alone
    sampling::Sampler sampler;
    // Of the pass under way.
    absl::Span<const int32_t> tokens;
    bool wants_logits = false;
    absl::StatusOr<int32_t> drawn = 0;
  };

  Speculator(std::unique_ptr<model::Model> model, int32_t vocab_size,
             const SpeculatorOptions& options,
             std::unique_ptr<DraftCache> cache, metrics::Registry* registry);

  // Computes something, so that the first call knows what a token takes and
  // finds the memory touched.
  absl::Status Warm();
  absl::Status Draw(absl::Span<const DraftRequest> requests,
                    absl::Time deadline, std::vector<Draft>* drafts,
                    DraftTimes* times);
  void Admit(const DraftRequest& request, Draft* draft,
             std::vector<Work>* works);
  // What the first pass computes: the shortest ways first.
  std::vector<Work*> CatchUp(std::vector<Work>* works, absl::Duration left);
  absl::Status Compute(absl::Span<Work* const> pass);
  void DrawTokens(absl::Span<Work* const> pass);
  // Whether it was a step.
  bool Observe(absl::Span<Work* const> pass, absl::Duration duration,
               DraftTimes* times);
  // Those of `pass` that want and may have one more token.
  std::vector<Work*> Continue(absl::Span<Work* const> pass);
  absl::Span<const float> TargetRow(absl::Span<const float> row,
                                    std::vector<float>* scratch) const;

  const std::unique_ptr<model::Model> model_;
  const int32_t vocab_size_;
  const std::unique_ptr<DraftCache> cache_;
  const sampling::Sampler greedy_;
  SpeculatorMetrics metrics_;
  CatchUpBudget budget_;
  std::vector<float> logits_;
  struct Scratch {
    sampling::SamplingScratch sampling;
    std::vector<float> row;
  };
  std::vector<Scratch> scratches_;  // one a worker
};

}  // namespace tessera::speculator
