#include "libs/scheduling/grants.h"

#include <algorithm>
#include <vector>

#include "libs/scheduling/prompt_shares.h"

namespace tessera::scheduling {
namespace {

// What is left of the pass goes to drafts, in order of rank. Returns how many
// tokens were granted.
int64_t GrantToDrafts(const RankedSequences& running, int64_t num_left) {
  int64_t num_granted = 0;
  for (const auto& [rank, sequence] : running) {
    if (sequence->num_granted == 0) continue;
    const int64_t num_tokens =
        std::min<int64_t>(sequence->draft.size(), num_left - num_granted);
    sequence->num_granted += num_tokens;
    num_granted += num_tokens;
  }
  return num_granted;
}

// Returns how many are granted one.
int64_t GrantToDecoding(const RankedSequences& running, int64_t max_tokens,
                        int64_t& num_turns) {
  std::vector<Sequence*> decoding;
  for (const auto& [rank, sequence] : running) {
    if (sequence->is_decoding()) decoding.push_back(sequence);
  }
  if (decoding.size() > max_tokens) {
    std::stable_sort(decoding.begin(), decoding.end(),
                     [](const Sequence* a, const Sequence* b) {
                       return a->last_turn < b->last_turn;
                     });
    decoding.resize(max_tokens);
  }
  for (Sequence* sequence : decoding) {
    sequence->num_granted = 1;
    sequence->last_turn = ++num_turns;
  }
  return static_cast<int64_t>(decoding.size());
}

void GrantToPrompts(const RankedSequences& running, int64_t budget,
                    int64_t max_logit_rows) {
  std::vector<Sequence*> prompts;
  std::vector<int64_t> num_left;
  for (const auto& [rank, sequence] : running) {
    if (!sequence->is_prompt() || sequence->is_follower) continue;
    int64_t most = sequence->num_left();
    if (sequence->computes_whole_prompt) {
      most = std::min(most, max_logit_rows);
      max_logit_rows -= most;
      if (most == 0) continue;
    }
    prompts.push_back(sequence);
    num_left.push_back(most);
  }
  const std::vector<int64_t> shares = SharePromptBudget(budget, num_left);
  for (size_t i = 0; i < prompts.size(); ++i) {
    prompts[i]->num_granted = shares[i];
  }
}

}  // namespace

void GrantTokens(const RankedSequences& running, const PassLimits& limits,
                 int64_t& num_turns) {
  for (const auto& [rank, sequence] : running) sequence->num_granted = 0;
  const int64_t num_decoding =
      GrantToDecoding(running, limits.max_tokens, num_turns);
  const int64_t least = num_decoding == 0 ? 1 : 0;
  const int64_t num_drafted =
      GrantToDrafts(running, limits.max_tokens - num_decoding);
  GrantToPrompts(running,
                 std::min(std::max(least, limits.prompt_budget),
                          limits.max_tokens - num_decoding - num_drafted),
                 limits.max_logit_rows);
}

}  // namespace tessera::scheduling
