#include "libs/speculation/allocation.h"

#include <algorithm>

#include "libs/base/check.h"

namespace tessera::speculation {
namespace {

// Less is not worth the row of logits.
constexpr double kLeastGain = 0.01;
// Numbers of steps tried of the draft model.
constexpr int kNumSteps[] = {0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32};

struct Token {
  double gain;
  int position;
  int option;
};

// The largest gain first; of one option in order of position.
std::vector<Token> SortedTokens(absl::Span<const DraftOption> options) {
  std::vector<Token> tokens;
  for (int i = 0; i < options.size(); ++i) {
    const std::vector<double>& gains = options[i].gains;
    for (int j = 0; j < gains.size() && gains[j] >= kLeastGain; ++j) {
      DCHECK(j == 0 || gains[j] <= gains[j - 1]);
      tokens.push_back({gains[j], j, i});
    }
  }
  std::stable_sort(
      tokens.begin(), tokens.end(), [](const Token& a, const Token& b) {
        return a.gain != b.gain ? a.gain > b.gain : a.position < b.position;
      });
  return tokens;
}

class Search {
 public:
  Search(int num_decoding, absl::Span<const DraftOption> options,
         const StepCosts& costs)
      : num_decoding_(num_decoding),
        options_(options),
        costs_(costs),
        tokens_(SortedTokens(options)) {}

  int MaxSteps() const {
    int most = 0;
    for (const Token& token : tokens_) {
      if (UsesModel(token)) most = std::max(most, token.position + 1);
    }
    return most;
  }

  // The best beginning of the sorted tokens, without those of the model behind
  // its first `num_steps`; kept if it is better than what there is.
  void Try(int num_steps) {
    drafts_longer_.assign(num_steps, 0);
    double tokens = num_decoding_;
    double draft_seconds = 0;
    int num_taken = 0;
    for (int i = 0; i < tokens_.size(); ++i) {
      if (UsesModel(tokens_[i])) {
        if (tokens_[i].position >= num_steps) continue;
        draft_seconds += AddToStep(tokens_[i].position);
      }
      tokens += tokens_[i].gain;
      const double seconds = costs_.plain + costs_.pass[++num_taken] -
                             costs_.pass[0] + draft_seconds;
      if (tokens * best_seconds_ > best_tokens_ * seconds) {
        best_tokens_ = tokens;
        best_seconds_ = seconds;
        best_end_ = i + 1;
        best_steps_ = num_steps;
      }
    }
  }

  void StartWithNone(double margin) {
    best_tokens_ = num_decoding_ * (1 + margin);
    best_seconds_ = costs_.plain;
  }

  Allocation Result() const {
    Allocation result;
    result.num_tokens.resize(options_.size());
    for (int i = 0; i < best_end_; ++i) {
      if (UsesModel(tokens_[i]) && tokens_[i].position >= best_steps_) continue;
      ++result.num_tokens[tokens_[i].option];
    }
    result.expected_tokens = best_end_ > 0 ? best_tokens_ : num_decoding_;
    result.seconds = best_seconds_;
    return result;
  }

 private:
  bool UsesModel(const Token& token) const {
    return options_[token.option].uses_draft_model;
  }

  // Seconds more for one more sequence in the step.
  double AddToStep(int step) {
    const int m = ++drafts_longer_[step];
    const bool is_first = step == 0 && m == 1;
    return costs_.draft_step[m] - costs_.draft_step[m - 1] +
           (is_first ? costs_.draft_overhead : 0);
  }

  const int num_decoding_;
  const absl::Span<const DraftOption> options_;
  const StepCosts& costs_;
  const std::vector<Token> tokens_;
  std::vector<int> drafts_longer_;  // [steps]

  double best_tokens_ = 0;
  double best_seconds_ = 0;
  int best_end_ = 0;
  int best_steps_ = 0;
};

}  // namespace

bool Allocation::HasTokens() const {
  return std::any_of(num_tokens.begin(), num_tokens.end(),
                     [](int n) { return n > 0; });
}

Allocation Allocate(int num_decoding, absl::Span<const DraftOption> options,
                    const StepCosts& costs, double margin) {
  CHECK(num_decoding > 0 && costs.plain > 0) << num_decoding;
  Search search(num_decoding, options, costs);
  search.StartWithNone(margin);
  const int max_steps = search.MaxSteps();
  for (const int num_steps : kNumSteps) {
    search.Try(num_steps);
    if (num_steps >= max_steps) break;
  }
  return search.Result();
}

}  // namespace tessera::speculation
