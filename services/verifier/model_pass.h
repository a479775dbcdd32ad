// ModelPass: one forward pass over what the scheduler chose, and what is drawn
// from its logits.
//
//   pass.Forward(chunks, owners) -> commit -> pass.Draw() -> drawings, scores
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "libs/kv_cache/block_pool.h"
#include "libs/model/model.h"
#include "libs/sampling/scratch.h"
#include "libs/scheduling/scheduler.h"
#include "services/verifier/drawing.h"
#include "services/verifier/options.h"
#include "services/verifier/request.h"

namespace tessera::verifier {

class ModelPass {
 public:
  // Whose a sequence is.
  using Owners = absl::flat_hash_map<scheduling::SequenceId, Request*>;

  // `model` and `pool` outlive it.
  ModelPass(model::Model* model, kv_cache::BlockPool* pool,
            SpeculationRule rule);

  // Computes the chunks, each of a sequence in `owners`. After an error there
  // is nothing to draw.
  absl::Status Forward(absl::Span<const scheduling::Chunk> chunks,
                       const Owners& owners);
  // What the logits of the latest Forward say.
  void Draw();

  // A pass of one sequence of `num_tokens` made-up tokens, at most
  // kMostRehearsed, whose keys and values are nobody's.
  static constexpr int kMostRehearsed = attention::kKvBlockTokens;
  absl::Status Rehearse(int num_tokens);

  // Of the latest Draw: one for each choice that gets tokens,
  absl::Span<const Drawing> drawings() const { return drawings_; }
  // and one for each token of a prompt whose log-probability is wanted.
  absl::Span<const PromptScore> scores() const { return scores_; }

 private:
  void Add(const scheduling::Chunk& chunk, Request* request);
  // batch_, with num_rows_ rows of logits.
  absl::Status Compute();

  model::Model& model_;
  kv_cache::BlockPool& pool_;
  const SpeculationRule rule_;
  std::vector<model::BatchSequence> batch_;
  int64_t num_rows_ = 0;
  std::vector<float> logits_;  // [at least num_rows_, vocab_size]
  std::vector<Drawing> drawings_;
  std::vector<PromptScore> scores_;
  std::vector<sampling::SamplingScratch> scratches_;  // one a worker
};

}  // namespace tessera::verifier
