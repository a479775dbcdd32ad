#include "tools/accuracy/report.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tessera::accuracy {
namespace {

using Figure = absl::FunctionRef<std::string(const LogitComparison&)>;

constexpr int kColumn = 14;

std::string Head(absl::string_view title, size_t width,
                 absl::Span<const std::string> names) {
  std::string line = absl::StrFormat("%-*s", width, title);
  for (const std::string& name : names) {
    absl::StrAppendFormat(&line, "%*s", kColumn, name);
  }
  return line + "\n";
}

std::string FigureLine(absl::string_view label, const std::string& bound,
                       absl::Span<const LogitComparison> comparisons,
                       Figure figure) {
  std::string line = absl::StrFormat("%-24s", label);
  for (const LogitComparison& comparison : comparisons) {
    absl::StrAppendFormat(&line, "%*s", kColumn, figure(comparison));
  }
  if (!bound.empty()) absl::StrAppend(&line, "   ", bound);
  return line + "\n";
}

std::string AnswerCell(const GreedyComparison& comparison, double margin) {
  if (!comparison.difference) {
    return absl::StrFormat("equal %d", comparison.num_tokens);
  }
  return absl::StrFormat(
      "%s @%d %.2f", comparison.Passes(margin) ? "tie" : "DIFF",
      comparison.difference->index, comparison.difference->margin);
}

}  // namespace

std::string TextTable(absl::Span<const std::string> names,
                      absl::Span<const LogitComparison> comparisons,
                      const AccuracyBounds& bounds) {
  const auto line = [&](absl::string_view label, const std::string& bound,
                        Figure figure) {
    return FigureLine(label, bound, comparisons, figure);
  };
  const auto percent = [](double share) {
    return absl::StrFormat("%.2f%%", 100 * share);
  };
  return absl::StrCat(
      Head("beside the float oracle", 24, names),
      line("perplexity", "",
           [](const LogitComparison& c) {
             return absl::StrFormat("%.4f", c.CandidatePerplexity());
           }),
      line("  over the oracle's",
           absl::StrFormat("within %g%%", 100 * bounds.perplexity),
           [](const LogitComparison& c) {
             return absl::StrFormat("%+.3f%%", 100 * c.PerplexityExcess());
           }),
      line("mean KL divergence",
           absl::StrFormat("under %g", bounds.kl_divergence),
           [](const LogitComparison& c) {
             return absl::StrFormat("%.5f", c.MeanKlDivergence());
           }),
      line("largest KL divergence", "",
           [](const LogitComparison& c) {
             return absl::StrFormat("%.3f", c.MaxKlDivergence());
           }),
      line(
          "top-1 agreement",
          absl::StrFormat("at least %g%%", 100 * bounds.top1_agreement),
          [&](const LogitComparison& c) { return percent(c.Top1Agreement()); }),
      line("mean logit difference", "",
           [](const LogitComparison& c) {
             return absl::StrFormat("%.4f", c.MeanAbsDifference());
           }),
      line("largest logit difference", "", [](const LogitComparison& c) {
        return absl::StrFormat("%.2f", c.MaxAbsDifference());
      }));
}

std::string AnswerTable(absl::Span<const std::string> names,
                        absl::Span<const AnswerLine> lines,
                        const AccuracyBounds& bounds) {
  size_t width = 24;
  for (const AnswerLine& line : lines) {
    width = std::max(width, line.prompt.size());
  }
  std::string table = Head("greedy answers", width, names);
  for (const AnswerLine& line : lines) {
    absl::StrAppendFormat(&table, "%-*s", width, line.prompt);
    for (const GreedyComparison& comparison : line.comparisons) {
      absl::StrAppendFormat(&table, "%*s", kColumn,
                            AnswerCell(comparison, bounds.near_tie_margin));
    }
    absl::StrAppend(&table, "\n");
  }
  return table;
}

std::vector<std::string> TextFailures(
    absl::Span<const std::string> names,
    absl::Span<const LogitComparison> comparisons,
    const AccuracyBounds& bounds) {
  std::vector<std::string> failures;
  for (size_t i = 0; i < names.size(); ++i) {
    for (const std::string& missed : MissedBounds(comparisons[i], bounds)) {
      failures.push_back(absl::StrCat(names[i], ": ", missed));
    }
  }
  return failures;
}

std::vector<std::string> AnswerFailures(
    absl::Span<const std::string> names, absl::Span<const AnswerLine> lines,
    const AccuracyBounds& bounds,
    absl::FunctionRef<std::string(int32_t)> token_text) {
  std::vector<std::string> failures;
  for (const AnswerLine& line : lines) {
    for (size_t i = 0; i < names.size(); ++i) {
      const GreedyComparison& comparison = line.comparisons[i];
      if (comparison.Passes(bounds.near_tie_margin)) continue;
      const GreedyDifference& difference = *comparison.difference;
      failures.push_back(absl::StrFormat(
          "%s: prompt %s: token %d of the answer is \"%s\", the oracle's is "
          "\"%s\" by a margin of %.3f, not under %g",
          names[i], line.prompt, difference.index,
          token_text(difference.candidate_token),
          token_text(difference.oracle_token), difference.margin,
          bounds.near_tie_margin));
    }
  }
  return failures;
}

}  // namespace tessera::accuracy
