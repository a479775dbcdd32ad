#include "libs/speculation/draft_length.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include "libs/base/check.h"

namespace tessera::speculation {
namespace {

// A step of a draft model of which nothing is known, beside a plain pass.
constexpr double kPriorStepShare = 0.25;
// A probe is made only if drafts that are always kept would bring so much more.
constexpr double kProbeMargin = 0.05;
// What an interrupted probe may cost the budget: a plain pass and so many times
// what was expected.
constexpr double kMostOverrun = 4;

double Sum(const std::vector<double>& gains) {
  return std::accumulate(gains.begin(), gains.end(), 0.0);
}

// Tokens a second.
double Rate(const Allocation& allocation) {
  return allocation.expected_tokens / allocation.seconds;
}

double DraftSeconds(const DraftOption& option, int num_tokens,
                    const StepCosts& costs) {
  if (!option.uses_draft_model) return 0;
  return costs.draft_overhead + num_tokens * costs.draft_step[1];
}

// What the batch would get a second if this one option were always kept, at its
// best length, added to `allocation`.
double BestRateIfKept(const DraftOption& option, int num_drafted,
                      const Allocation& allocation, const StepCosts& costs) {
  double best = 0;
  for (int t = 1; t <= option.gains.size(); ++t) {
    const double seconds = allocation.seconds + costs.pass[num_drafted + t] -
                           costs.pass[num_drafted] +
                           DraftSeconds(option, t, costs);
    best = std::max(best, (allocation.expected_tokens + t) / seconds);
  }
  return best;
}

}  // namespace

// The best source that costs nothing by expected tokens, or, where allowed, a
// draft model that is expected to bring more.
DraftLength::Picks DraftLength::Pick(Sequences sequences,
                                     bool allow_draft_model) const {
  Picks picks;
  for (int i = 0; i < sequences.size(); ++i) {
    std::optional<DraftOption> best;
    int best_candidate = 0;
    double most = 0;
    for (int j = 0; j < sequences[i].candidates.size(); ++j) {
      const DraftCandidate& candidate = sequences[i].candidates[j];
      const bool is_model = candidate.kind.source == DraftSource::kDraftModel;
      if (candidate.max_tokens <= 0 || (is_model && !allow_draft_model)) {
        continue;
      }
      DraftOption option;
      option.uses_draft_model = is_model;
      option.gains = ExpectedGains(candidate.kind, candidate.max_tokens,
                                   sequences[i].history->counts, everybody_);
      const double tokens = Sum(option.gains);
      if (best.has_value() && tokens <= most) continue;
      most = tokens;
      best = std::move(option);
      best_candidate = j;
    }
    if (!best.has_value()) continue;
    picks.sequences.push_back(i);
    picks.candidates.push_back(best_candidate);
    picks.options.push_back(*std::move(best));
  }
  return picks;
}

StepCosts DraftLength::Costs(const PassCost& pass, int num_sequences,
                             int64_t num_other_tokens,
                             const Picks& picks) const {
  StepCosts costs;
  costs.plain = pass.Seconds(num_sequences);
  int num_draft_tokens = 0;
  int num_model_drafts = 0;
  for (const DraftOption& option : picks.options) {
    num_draft_tokens += option.gains.size();
    num_model_drafts += option.uses_draft_model;
  }
  const int64_t num_tokens = num_sequences + num_other_tokens;
  const double without = pass.Seconds(num_tokens);
  for (int t = 0; t <= num_draft_tokens; ++t) {
    const double more = pass.Seconds(num_tokens + t) - without;
    costs.pass.push_back(without + kCaution * more);
  }
  costs.draft_step.push_back(0);
  for (int m = 1; m <= num_model_drafts; ++m) {
    costs.draft_step.push_back(draft_steps_.is_known()
                                   ? draft_steps_.Seconds(m)
                                   : kPriorStepShare * pass.Seconds(m));
  }
  if (draft_overhead_.is_known()) {
    costs.draft_overhead = draft_overhead_.Seconds(1);
  }
  return costs;
}

DraftChoice DraftLength::ChoiceOf(Sequences sequences, const Plan& plan,
                                  int index, int num_tokens) const {
  DraftChoice choice;
  choice.num_tokens = num_tokens;
  choice.candidate = plan.picks.candidates[index];
  const DraftCandidate& candidate =
      sequences[plan.picks.sequences[index]].candidates[choice.candidate];
  choice.kind = candidate.kind;
  choice.token_seconds = 1 / Rate(plan.allocation);
  return choice;
}

// One token for the sequence whose last draft was kept or, without one, is
// longest ago, if the budget covers what is likely lost.
void DraftLength::Probe(Sequences sequences, int64_t num_other_tokens,
                        const Plan& plan, std::vector<DraftChoice>& choices) {
  const auto& [picks, costs, allocation] = plan;
  const int num_drafted = std::accumulate(allocation.num_tokens.begin(),
                                          allocation.num_tokens.end(), 0);
  const double rate = Rate(allocation);
  const auto rank = [&](int i) {
    const AcceptanceHistory& history =
        *sequences[plan.picks.sequences[i]].history;
    return std::tuple(!history.last_draft_was_kept, history.last_draft_step);
  };
  std::optional<int> chosen;
  double chosen_cost = 0;
  for (int i = 0; i < picks.options.size(); ++i) {
    if (allocation.num_tokens[i] > 0) continue;
    const DraftOption& option = picks.options[i];
    const double cost = costs.pass[num_drafted + 1] - costs.pass[num_drafted] +
                        DraftSeconds(option, 1, costs);
    if (!budget_.Covers(cost - option.gains[0] / rate)) continue;
    if (chosen.has_value() && rank(i) >= rank(*chosen)) continue;
    if (BestRateIfKept(option, num_drafted, allocation, costs) <
        rate * (1 + kProbeMargin)) {
      continue;
    }
    chosen = i;
    chosen_cost = cost;
  }
  if (!chosen.has_value()) return;
  budget_.Spend(chosen_cost);
  if (num_drafted == 0 && num_other_tokens == 0) {
    lone_probe_ = LoneProbe{.expected_seconds = chosen_cost};
  }
  DraftChoice& choice = choices[picks.sequences[*chosen]];
  choice = ChoiceOf(sequences, plan, *chosen, 1);
  choice.is_probe = true;
}

DraftLength::Plan DraftLength::MakePlan(const PassCost& pass,
                                        Sequences sequences,
                                        int64_t num_other_tokens,
                                        bool allow_draft_model) const {
  const int num_sequences = sequences.size();
  Plan plan;
  plan.picks = Pick(sequences, allow_draft_model);
  plan.costs = Costs(pass, num_sequences, num_other_tokens, plan.picks);
  plan.allocation =
      Allocate(num_sequences, plan.picks.options, plan.costs, kMargin);
  return plan;
}

DraftLength::Plan DraftLength::BestPlan(const PassCost& pass,
                                        Sequences sequences,
                                        int64_t num_other_tokens) const {
  Plan plan = MakePlan(pass, sequences, num_other_tokens, true);
  if (!plan.costs.HasDraftModel()) return plan;
  Plan without = MakePlan(pass, sequences, num_other_tokens, false);
  return Rate(without.allocation) > Rate(plan.allocation) ? without : plan;
}

bool DraftLength::IsFair(const Plan& plan, int num_sequences) {
  double fewest = plan.picks.options.size() < num_sequences
                      ? 1
                      : std::numeric_limits<double>::infinity();
  for (int i = 0; i < plan.picks.options.size(); ++i) {
    const std::vector<double>& gains = plan.picks.options[i].gains;
    const int num_tokens = plan.allocation.num_tokens[i];
    fewest = std::min(fewest, std::accumulate(gains.begin(),
                                              gains.begin() + num_tokens, 1.0));
  }
  const double without = plan.costs.pass[0];
  const double with = without + plan.allocation.seconds - plan.costs.plain;
  if (with * (1 - kMaxSlowdown) <= fewest * without) return true;
  return Rate(plan.allocation) * plan.costs.plain >=
         num_sequences * (1 + kUnevenMargin);
}

std::vector<DraftChoice> DraftLength::Choose(Sequences sequences,
                                             int64_t num_other_tokens) {
  ++step_;
  lone_probe_.reset();
  const int num_sequences = sequences.size();
  std::vector<DraftChoice> choices(num_sequences);
  if (num_sequences == 0) return choices;
  const PassCost* pass = passes_.Find(num_sequences);
  if (pass == nullptr) return choices;

  Plan plan = BestPlan(*pass, sequences, num_other_tokens);
  if (!IsFair(plan, num_sequences)) {
    plan.allocation = {
        .num_tokens = std::vector<int>(plan.picks.options.size(), 0),
        .expected_tokens = double(num_sequences),
        .seconds = plan.costs.plain};
  }
  ControlPasses& control = controls_[BatchCost::ClassOf(num_sequences)];
  if (plan.allocation.HasTokens() && control.IsDue()) {
    control.CountPlain();
    return choices;
  }
  for (int i = 0; i < plan.picks.options.size(); ++i) {
    const int num_tokens = plan.allocation.num_tokens[i];
    if (num_tokens == 0) continue;
    choices[plan.picks.sequences[i]] = ChoiceOf(sequences, plan, i, num_tokens);
  }
  const double plain = plan.costs.plain;
  budget_.CountDraft(plain - plan.allocation.seconds);
  budget_.Fill(plain, plain + plan.costs.draft_overhead);
  Probe(sequences, num_other_tokens, plan, choices);
  const bool has_drafts =
      std::any_of(choices.begin(), choices.end(),
                  [](const DraftChoice& c) { return c.num_tokens > 0; });
  has_drafts ? control.CountDrafted() : control.CountPlain();
  return choices;
}

void DraftLength::ObservePass(int num_sequences, int64_t num_tokens,
                              absl::Duration duration) {
  SettleProbe(num_sequences, num_tokens, absl::ToDoubleSeconds(duration));
  passes_.Observe(num_sequences, num_tokens, duration);
}

void DraftLength::SettleProbe(int num_sequences, int64_t num_tokens,
                              double seconds) {
  const std::optional<LoneProbe> probe = std::exchange(lone_probe_, {});
  const PassCost* pass = passes_.Find(num_sequences);
  // It was shortened away, or a prompt came in between.
  if (!probe.has_value() || pass == nullptr ||
      num_tokens != num_sequences + 1) {
    return;
  }
  const double plain = pass->Seconds(num_sequences);
  const double paid = seconds - plain + probe->drafting_seconds;
  budget_.Spend(std::clamp(paid, -plain / 4,
                           plain + kMostOverrun * probe->expected_seconds) -
                probe->expected_seconds);
}

void DraftLength::AddDraftTime(absl::Duration duration) {
  if (!lone_probe_.has_value()) return;
  lone_probe_->drafting_seconds += absl::ToDoubleSeconds(duration);
}

void DraftLength::ObserveDraftStep(int num_sequences, absl::Duration duration) {
  AddDraftTime(duration);
  draft_steps_.Observe(num_sequences, duration);
}

void DraftLength::ObserveDraftOverhead(absl::Duration duration) {
  AddDraftTime(duration);
  draft_overhead_.Observe(1, duration);
}

void DraftLength::ObserveVerdict(const DraftChoice& choice, int num_drafted,
                                 int num_accepted, AcceptanceHistory& history) {
  CHECK(1 <= num_drafted && num_drafted <= choice.num_tokens) << num_drafted;
  const int64_t num_steps_since =
      history.last_draft_step == 0 ? 0 : step_ - history.last_draft_step;
  RecordDraft(choice.kind, num_drafted, num_accepted, num_steps_since,
              history.counts, everybody_);
  history.last_draft_step = step_;
  history.last_draft_was_kept = num_accepted > 0;
  const double brought = num_accepted * choice.token_seconds;
  if (choice.is_probe) {
    budget_.Spend(-brought);
  } else {
    budget_.CountDraft(brought);
  }
}

}  // namespace tessera::speculation
