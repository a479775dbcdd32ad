#include "services/verifier/drawing.h"

#include <utility>

#include "libs/sampling/sampler.h"

namespace tessera::verifier {
namespace {

using sampling::SamplingScratch;

void DrawOne(absl::Span<const float> logits, SamplingScratch* scratch,
             Drawing* drawing) {
  const sampling::Sampler& sampler =
      drawing->request->choice(drawing->choice).sampler();
  const absl::StatusOr<int32_t> token =
      sampler.Sample(logits, drawing->position, scratch);
  drawing->status = token.status();
  if (!token.ok()) return;
  drawing->token = *token;
  const std::optional<int> num_top =
      drawing->request->generation().num_logprobs;
  if (!num_top.has_value()) return;
  absl::StatusOr<sampling::Logprobs> logprobs =
      sampling::ComputeLogprobs(logits, *token, *num_top, scratch);
  drawing->status = logprobs.status();
  if (logprobs.ok()) drawing->logprobs = *std::move(logprobs);
}

void ScoreOne(absl::Span<const float> logits, SamplingScratch* scratch,
              PromptScore* score) {
  Generation& generation = score->request->generation();
  absl::StatusOr<sampling::Logprobs> logprobs =
      sampling::ComputeLogprobs(logits, generation.prompt[score->token_index],
                                *generation.num_prompt_logprobs, scratch);
  score->status = logprobs.status();
  if (logprobs.ok()) score->logprobs = *std::move(logprobs);
}

}  // namespace

void DrawAll(absl::Span<const float> logits, int64_t vocab_size,
             device::WorkerTeam& team, absl::Span<SamplingScratch> scratches,
             absl::Span<Drawing> drawings, absl::Span<PromptScore> scores) {
  const auto row = [&](int64_t index) {
    return logits.subspan(index * vocab_size, vocab_size);
  };
  const int64_t num_drawings = drawings.size();
  const int64_t num_items = num_drawings + scores.size();
  const auto compute = [&](int64_t i, SamplingScratch* scratch) {
    if (i < num_drawings) {
      DrawOne(row(drawings[i].row), scratch, &drawings[i]);
    } else {
      PromptScore* score = &scores[i - num_drawings];
      ScoreOne(row(score->row), scratch, score);
    }
  };
  // Waking the team takes longer than one row.
  if (num_items <= 1) {
    for (int64_t i = 0; i < num_items; ++i) compute(i, &scratches[0]);
    return;
  }
  team.Run([&](device::Worker& worker) {
    SamplingScratch* scratch = &scratches[worker.rank()];
    worker.ForEach(num_items, [&](int64_t i) { compute(i, scratch); });
  });
}

}  // namespace tessera::verifier
