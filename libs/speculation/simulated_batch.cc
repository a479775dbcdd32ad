#include "libs/speculation/simulated_batch.h"

#include <algorithm>
#include <cmath>

namespace tessera::speculation {

double RealisticPass(int64_t num_tokens) {
  const double n = num_tokens;
  if (n <= 4) return 1 + (n - 1) * 0.1;
  if (n <= 8) return 1.3 + (n - 4) * 0.0375;
  if (n <= 16) return 1.45 + (n - 8) * 0.10625;
  return 2.3 * n / 16;
}

SimulatedBatch::SimulatedBatch(std::vector<SimulatedSequence> sequences,
                               SimulatedCosts costs, uint64_t seed)
    : sequences_(std::move(sequences)),
      costs_(std::move(costs)),
      random_(seed),
      histories_(sequences_.size()),
      answer_tokens_(sequences_.size()) {}

absl::Duration SimulatedBatch::Observed(double seconds) {
  std::normal_distribution<double> normal(0, costs_.noise);
  std::uniform_real_distribution<double> uniform(0, 1);
  const double noise = std::exp(normal(random_));
  const bool is_interrupted = uniform(random_) < costs_.interruptions;
  return absl::Milliseconds(seconds * noise * (is_interrupted ? 10 : 1));
}

// Tokens kept of the draft.
int SimulatedBatch::Verify(int sequence, const DraftChoice& choice) {
  std::uniform_real_distribution<double> uniform(0, 1);
  int num_accepted = 0;
  while (num_accepted < choice.num_tokens &&
         uniform(random_) <
             sequences_[sequence].rate(choice.kind.source, num_accepted,
                                       answer_tokens_[sequence])) {
    ++num_accepted;
  }
  return num_accepted;
}

double SimulatedBatch::DraftSeconds(const std::vector<DraftChoice>& choices,
                                    bool observe) {
  int num_steps = 0;
  int num_drafts = 0;
  for (const DraftChoice& choice : choices) {
    if (choice.kind.source != DraftSource::kDraftModel) continue;
    num_steps = std::max(num_steps, choice.num_tokens);
    num_drafts += choice.num_tokens > 0;
  }
  if (num_steps == 0) return 0;
  if (observe) {
    lengths_.ObserveDraftOverhead(Observed(costs_.draft_overhead));
    for (int i = 0; i < num_steps; ++i) {
      lengths_.ObserveDraftStep(num_drafts, Observed(costs_.draft_step));
    }
  }
  return costs_.draft_overhead + num_steps * costs_.draft_step;
}

void SimulatedBatch::Advance(const std::vector<DraftChoice>& choices,
                             bool observe) {
  const int num_sequences = sequences_.size();
  int64_t pass_tokens = num_sequences;
  for (const DraftChoice& choice : choices) pass_tokens += choice.num_tokens;
  num_draft_tokens_ += pass_tokens - num_sequences;
  const double pass_seconds = costs_.pass(pass_tokens);
  seconds_ += DraftSeconds(choices, observe) + pass_seconds;
  if (observe) {
    lengths_.ObservePass(num_sequences, pass_tokens, Observed(pass_seconds));
  }
  for (int i = 0; i < num_sequences; ++i) {
    const int num_accepted = Verify(i, choices[i]);
    if (observe && choices[i].num_tokens > 0) {
      lengths_.ObserveVerdict(choices[i], choices[i].num_tokens, num_accepted,
                              histories_[i]);
    }
    answer_tokens_[i] += num_accepted + 1;
    num_tokens_ += num_accepted + 1;
  }
}

void SimulatedBatch::Step() {
  std::vector<DraftableSequence> batch;
  for (int i = 0; i < sequences_.size(); ++i) {
    batch.push_back({&histories_[i], sequences_[i].candidates});
  }
  Advance(lengths_.Choose(batch, 0), /*observe=*/true);
}

void SimulatedBatch::RunFixed(int num_steps, int num_draft_tokens) {
  DraftChoice choice;
  choice.num_tokens = num_draft_tokens;
  choice.kind = sequences_[0].candidates[0].kind;
  const std::vector<DraftChoice> choices(sequences_.size(), choice);
  for (int i = 0; i < num_steps; ++i) Advance(choices, /*observe=*/false);
}

double SimulatedBatch::Speedup() const {
  const double plain = sequences_.size() / costs_.pass(sequences_.size());
  return num_tokens_ / seconds_ / plain;
}

}  // namespace tessera::speculation
