#include "services/verifier/drawing.h"

#include <utility>

#include "absl/functional/function_ref.h"
#include "libs/base/status_macros.h"
#include "libs/sampling/sampler.h"
#include "libs/sampling/uniform.h"
#include "libs/speculation/acceptance.h"

namespace tessera::verifier {
namespace {

using sampling::SamplingScratch;

using Rows = absl::FunctionRef<absl::Span<const float>(int64_t row)>;

// The draft token or another, by the rejection rule. What the draft's token was
// drawn from is not known here, so it counts as certain.
absl::StatusOr<int32_t> KeepOrResample(const sampling::Sampler& sampler,
                                       absl::Span<const float> logits,
                                       int64_t position, int32_t draft_token,
                                       SamplingScratch* scratch) {
  std::vector<float> probabilities(logits.size());
  RETURN_IF_ERROR(
      sampler.Probabilities(logits, scratch, absl::MakeSpan(probabilities)));
  const sampling::UniformPair noise =
      sampling::UniformNoise(sampler.parameters().seed, position);
  return speculation::KeepOrResample(draft_token, {}, probabilities,
                                     {noise.first, noise.second});
}

// The token behind `i` tokens of the draft.
absl::StatusOr<int32_t> DrawToken(absl::Span<const float> logits, int i,
                                  SpeculationRule rule,
                                  SamplingScratch* scratch, Drawing* drawing) {
  const sampling::Sampler& sampler =
      drawing->request->choice(drawing->choice).sampler();
  const int64_t position = drawing->position + i;
  const bool is_judged = rule == SpeculationRule::kRejection &&
                         i < drawing->draft.size() && !sampler.is_greedy();
  ASSIGN_OR_RETURN(const int32_t token,
                   is_judged ? KeepOrResample(sampler, logits, position,
                                              drawing->draft[i], scratch)
                             : sampler.Sample(logits, position, scratch));
  const std::optional<int> num_top =
      drawing->request->generation().num_logprobs;
  if (num_top.has_value()) {
    ASSIGN_OR_RETURN(
        sampling::Logprobs logprobs,
        sampling::ComputeLogprobs(logits, token, *num_top, scratch));
    drawing->logprobs.push_back(std::move(logprobs));
  }
  return token;
}

// Under either rule a draft token is kept if it is what is drawn there.
void DrawOne(Rows rows, SpeculationRule rule, SamplingScratch* scratch,
             Drawing* drawing) {
  const absl::Span<const int32_t> draft = drawing->draft;
  sampling::Sampler& sampler =
      drawing->request->choice(drawing->choice).mutable_sampler();
  int num_appended = 0;
  const absl::StatusOr<speculation::Verdict> verdict =
      speculation::AcceptMatching(draft, [&](int i) {
        // What is drawn next may depend on the tokens before.
        for (; num_appended < i; ++num_appended) {
          sampler.Append(draft[num_appended]);
        }
        return DrawToken(rows(drawing->row + i), i, rule, scratch, drawing);
      });
  while (num_appended > 0) sampler.Remove(draft[--num_appended]);
  drawing->status = verdict.status();
  if (!verdict.ok()) return;
  drawing->tokens.assign(draft.begin(), draft.begin() + verdict->num_accepted);
  drawing->tokens.push_back(verdict->next_token);
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
             SpeculationRule rule, device::WorkerTeam& team,
             absl::Span<SamplingScratch> scratches,
             absl::Span<Drawing> drawings, absl::Span<PromptScore> scores) {
  const auto row = [&](int64_t index) {
    return logits.subspan(index * vocab_size, vocab_size);
  };
  const int64_t num_drawings = drawings.size();
  const int64_t num_items = num_drawings + scores.size();
  const auto compute = [&](int64_t i, SamplingScratch* scratch) {
    if (i < num_drawings) {
      DrawOne(row, rule, scratch, &drawings[i]);
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
