#include "libs/speculation/acceptance.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace tessera::speculation {
namespace {

using Row = absl::Span<const float>;

absl::StatusOr<int64_t> VocabSize(const RejectionInput& input) {
  const int64_t rows = input.draft_tokens.size() + 1;
  const int64_t vocab_size = input.target_probabilities.size() / rows;
  if (vocab_size == 0 ||
      input.target_probabilities.size() != rows * vocab_size ||
      input.draft_probabilities.size() != (rows - 1) * vocab_size ||
      input.noise.size() != rows) {
    return absl::InvalidArgumentError(
        absl::StrCat("a draft of ", rows - 1, " tokens has ",
                     input.draft_probabilities.size(), " draft probabilities, ",
                     input.target_probabilities.size(),
                     " target probabilities and noise of ", input.noise.size(),
                     " positions"));
  }
  return vocab_size;
}

// Draws a token in proportion to positive weights, by their running sum in
// order of token.
template <typename Weight>
absl::StatusOr<int32_t> Choose(int64_t vocab_size, double uniform,
                               const Weight& weight) {
  double total = 0;
  for (int64_t token = 0; token < vocab_size; ++token) total += weight(token);
  if (!(total > 0)) {
    return absl::InvalidArgumentError("no token has a probability above 0");
  }
  double left = uniform * total;
  int32_t chosen = 0;
  for (int64_t token = 0; token < vocab_size; ++token) {
    const double w = weight(token);
    if (!(w > 0)) continue;
    chosen = static_cast<int32_t>(token);
    left -= w;
    if (left < 0) break;
  }
  return chosen;
}

absl::StatusOr<int32_t> ChooseFrom(Row p, double uniform) {
  return Choose(p.size(), uniform, [p](int64_t token) -> double {
    return p[token] > 0 ? p[token] : 0;
  });
}

// `q(token)`: the draft's chance of it.
template <typename Draft>
absl::StatusOr<int32_t> ChooseFromResidual(Row p, const Draft& q,
                                           double uniform) {
  const auto residual = [&](int64_t token) -> double {
    return p[token] > q(token) ? double{p[token]} - q(token) : 0;
  };
  for (int64_t token = 0; token < p.size(); ++token) {
    if (residual(token) > 0) return Choose(p.size(), uniform, residual);
  }
  // p is nowhere above q: they differ by rounding alone.
  return ChooseFrom(p, uniform);
}

// Of one draft token: num_accepted is 1 and next_token that, or 0 and another.
// `draft` empty: certain.
absl::StatusOr<Verdict> Judge(int32_t token, Row draft, Row p,
                              const RejectionNoise& noise) {
  const bool is_certain = draft.empty();
  if (!is_certain && draft.size() != p.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(draft.size(), " draft probabilities and ", p.size(),
                     " target probabilities"));
  }
  const auto q = [&](int64_t i) -> float {
    return is_certain ? i == token : draft[i];
  };
  if (token < 0 || token >= p.size() || !(q(token) > 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the draft cannot have drawn token ", token));
  }
  if (noise.accept * q(token) < p[token]) return Verdict{1, token};
  ASSIGN_OR_RETURN(const int32_t other, ChooseFromResidual(p, q, noise.choose));
  return Verdict{0, other};
}

}  // namespace

absl::StatusOr<Verdict> AcceptMatching(
    absl::Span<const int32_t> draft_tokens,
    absl::FunctionRef<absl::StatusOr<int32_t>(int index)> draw) {
  Verdict verdict;
  for (;;) {
    ASSIGN_OR_RETURN(verdict.next_token, draw(verdict.num_accepted));
    if (verdict.num_accepted == draft_tokens.size() ||
        verdict.next_token != draft_tokens[verdict.num_accepted]) {
      return verdict;
    }
    ++verdict.num_accepted;
  }
}

absl::StatusOr<Verdict> AcceptOrResample(const RejectionInput& input) {
  ASSIGN_OR_RETURN(const int64_t vocab_size, VocabSize(input));
  const int num_draft_tokens = input.draft_tokens.size();
  const auto target = [&](int row) {
    return input.target_probabilities.subspan(row * vocab_size, vocab_size);
  };
  for (int i = 0; i < num_draft_tokens; ++i) {
    const Row draft =
        input.draft_probabilities.subspan(i * vocab_size, vocab_size);
    ASSIGN_OR_RETURN(const Verdict verdict, Judge(input.draft_tokens[i], draft,
                                                  target(i), input.noise[i]));
    if (verdict.num_accepted == 0) return Verdict{i, verdict.next_token};
  }
  ASSIGN_OR_RETURN(const int32_t next,
                   ChooseFrom(target(num_draft_tokens),
                              input.noise[num_draft_tokens].choose));
  return Verdict{num_draft_tokens, next};
}

absl::StatusOr<int32_t> KeepOrResample(
    int32_t draft_token, absl::Span<const float> draft_probabilities,
    absl::Span<const float> target_probabilities, const RejectionNoise& noise) {
  ASSIGN_OR_RETURN(
      const Verdict verdict,
      Judge(draft_token, draft_probabilities, target_probabilities, noise));
  return verdict.next_token;
}

}  // namespace tessera::speculation
