#include "services/verifier/drafting/request_drafts.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/time/clock.h"

namespace tessera::verifier {

using scheduling::SequenceId;

namespace {

// With more, a batch is long before a draft could pay.
constexpr int kMaxDraftedChoices = 8;

// The ends and the steps of the curve: tiles of 4, 8 and 16 tokens.
constexpr int kRehearsedTokens[] = {16, 1, 8, 4, 2, 12, 6, 3};
constexpr int kRehearsals = 4;
// Of a small model that is all of them, of one of billions of parameters the
// first pass.
constexpr absl::Duration kRehearsalTime = absl::Milliseconds(200);

speculation::TokenClasses ClassesOf(const tokenizer::Tokenizer* tokenizer) {
  if (tokenizer == nullptr) return {};
  return {tokenizer->vocab_size(),
          [tokenizer](int32_t token) { return tokenizer->TokenBytes(token); }};
}

v1::TokenSource SourceOf(speculation::DraftSource source) {
  switch (source) {
    case speculation::DraftSource::kText:
      return v1::SOURCE_TEXT;
    case speculation::DraftSource::kPrediction:
      return v1::SOURCE_PREDICTION;
    case speculation::DraftSource::kDraftModel:
      return v1::SOURCE_DRAFT_MODEL;
  }
  return v1::SOURCE_TARGET;
}

}  // namespace

RequestDrafts::RequestDrafts(
    const VerifierOptions& options,
    std::unique_ptr<speculator::SpeculatorClient> speculator,
    int32_t vocab_size, const tokenizer::Tokenizer* tokenizer,
    scheduling::Scheduler* scheduler, DraftMetrics* metrics)
    : scheduler_(*scheduler), metrics_(*metrics) {
  if (options.speculation == SpeculationMode::kOff) return;
  std::unique_ptr<DraftModel> model;
  if (speculator != nullptr) {
    model = std::make_unique<DraftModel>(std::move(speculator), vocab_size);
  }
  drafter_.emplace(options, ClassesOf(tokenizer), std::move(model));
}

void RequestDrafts::Rehearse(
    absl::FunctionRef<absl::Status(int num_tokens)> pass) {
  if (!drafter_.has_value()) return;
  const absl::Time end = absl::Now() + kRehearsalTime;
  // What is touched for the first time is slow: the first round tells nothing.
  for (int round = 0; round <= kRehearsals; ++round) {
    for (const int num_tokens : kRehearsedTokens) {
      const absl::Time start = absl::Now();
      if (start > end || !pass(num_tokens).ok()) return;
      if (round > 0) PassComputed(1, num_tokens, absl::Now() - start);
    }
  }
}

void RequestDrafts::Begin(const Request& request) {
  const Generation& generation = request.generation();
  if (!drafter_.has_value() || generation.max_draft_tokens == 0 ||
      request.num_choices() > kMaxDraftedChoices) {
    return;
  }
  for (int i = 0; i < request.num_choices(); ++i) {
    const SequenceId id = request.sequence(i);
    if (id < 0) continue;
    drafter_->Begin(id, generation.prompt, generation.prediction);
    const absl::Span<const int32_t> tokens = scheduler_.tokens(id);
    for (const int32_t token : tokens.subspan(generation.prompt.size())) {
      drafter_->Append(id, token);
    }
  }
}

void RequestDrafts::Draft(absl::Span<const std::unique_ptr<Request>> requests,
                          int64_t prompt_budget) {
  if (!drafter_.has_value()) return;
  std::vector<DraftableSequence> sequences;
  for (const std::unique_ptr<Request>& request : requests) {
    if (!request->has_begun()) continue;
    for (int i = 0; i < request->num_choices(); ++i) {
      const SequenceId id = request->sequence(i);
      if (id < 0 || !scheduler_.is_decoding(id)) continue;
      // The pass brings one token beyond the draft's.
      const int64_t most = request->choice(i).num_tokens_left() - 1;
      sequences.push_back(
          {.id = id,
           .max_tokens = std::min<int64_t>(
               most, request->generation().max_draft_tokens.value_or(most)),
           .tokens = scheduler_.tokens(id),
           .sampler = &request->choice(i).sampler(),
           .cache_salt = request->generation().cache_salt});
    }
  }
  if (sequences.empty()) return;
  drafter_->Draft(sequences,
                  std::min(prompt_budget, scheduler_.num_prompt_tokens_left()),
                  &scheduler_);
}

void RequestDrafts::PassComputed(int num_sequences, int64_t num_tokens,
                                 absl::Duration duration) {
  if (drafter_.has_value()) {
    drafter_->PassComputed(num_sequences, num_tokens, duration);
  }
}

v1::TokenSource RequestDrafts::Verified(const Drawing& drawing) {
  const int num_drafted = drawing.draft.size();
  if (num_drafted == 0) return v1::SOURCE_TARGET;
  const int num_accepted = drawing.num_accepted();
  const SequenceId id = drawing.request->sequence(drawing.choice);
  scheduler_.Accept(id, num_accepted);
  const speculation::DraftSource source =
      drafter_->Verified(id, num_drafted, num_accepted);
  metrics_.Verified(source, num_drafted, num_accepted);
  return SourceOf(source);
}

void RequestDrafts::Append(SequenceId id, int32_t token) {
  if (drafter_.has_value()) drafter_->Append(id, token);
}

void RequestDrafts::End(SequenceId id) {
  if (drafter_.has_value()) drafter_->End(id);
}

}  // namespace tessera::verifier
