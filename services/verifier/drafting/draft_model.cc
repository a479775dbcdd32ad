#include "services/verifier/drafting/draft_model.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

namespace tessera::verifier {
namespace {

// A call may take so much, and a plain pass for each token asked for: a
// speculator that takes longer is no gain.
constexpr absl::Duration kCallTime = absl::Milliseconds(30);

}  // namespace

DraftModel::DraftModel(std::unique_ptr<speculator::SpeculatorClient> client,
                       int32_t vocab_size)
    : client_(std::move(client)), vocab_size_(vocab_size) {}

bool DraftModel::CanDraft(const DraftModelState& state,
                          int64_t num_tokens) const {
  if (!client_->is_ready()) return false;
  const int64_t num_unseen = num_tokens - state.num_seen + state.num_behind;
  return num_unseen <= kMaxFewTokens || credit_ > absl::ZeroDuration();
}

std::vector<std::vector<int32_t>> DraftModel::Propose(
    absl::Span<const ModelDraftRequest> requests, absl::Duration pass,
    speculation::DraftLength* lengths) {
  std::vector<speculator::DraftRequest> asked;
  int most_tokens = 0;
  for (const ModelDraftRequest& request : requests) {
    asked.push_back({.sequence = request.id,
                     .tokens = request.tokens,
                     .max_tokens = request.max_tokens,
                     .sampler = request.sampler,
                     .cache_salt = request.cache_salt});
    most_tokens = std::max(most_tokens, request.max_tokens);
  }
  std::vector<std::vector<int32_t>> tokens(requests.size());
  std::vector<speculator::Draft> drafts;
  speculator::DraftTimes times;
  // The client says what went wrong, and is not ready for a while. What that
  // took says nothing of calls that succeed: drafts would look too dear to try
  // long after the speculator is back.
  const absl::Status status = client_->Propose(
      asked, absl::Now() + kCallTime + most_tokens * pass, &drafts, &times);
  if (!status.ok()) return tokens;
  Observe(times, lengths);
  if (drafts.size() != requests.size()) return tokens;
  for (size_t i = 0; i < drafts.size(); ++i) {
    *requests[i].state = {static_cast<int64_t>(requests[i].tokens.size()),
                          drafts[i].num_behind};
    const auto end = std::find_if(
        drafts[i].tokens.begin(), drafts[i].tokens.end(),
        [&](int32_t token) { return token < 0 || token >= vocab_size_; });
    tokens[i].assign(drafts[i].tokens.begin(), end);
    if (tokens[i].size() > requests[i].max_tokens) {
      tokens[i].resize(requests[i].max_tokens);
    }
  }
  return tokens;
}

void DraftModel::Observe(const speculator::DraftTimes& times,
                         speculation::DraftLength* lengths) {
  for (const speculator::DraftStep& step : times.steps) {
    if (step.num_sequences > 0) {
      lengths->ObserveDraftStep(step.num_sequences, step.duration);
    }
  }
  lengths->ObserveDraftOverhead(times.overhead);
  credit_ -= times.catch_up;
}

void DraftModel::PassComputed(absl::Duration duration) {
  AddCredit(kCreditShare * duration);
}

void DraftModel::Saved(absl::Duration duration) { AddCredit(duration); }

void DraftModel::AddCredit(absl::Duration duration) {
  credit_ = std::min(credit_ + duration, kMostCredit);
}

}  // namespace tessera::verifier
