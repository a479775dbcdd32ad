#include "tools/cli/perplexity.h"

#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/status_macros.h"
#include "libs/model/model_selection.h"
#include "libs/options/flags.h"
#include "nlohmann/json.hpp"
#include "tools/cli/loaded_model.h"
#include "tools/cli/perplexity_score.h"

namespace tessera::cli {
namespace {

struct PerplexityOptions {
  model::ModelSelection selection;
  std::string file;
  PerplexityWindows windows;
  bool json = false;
};

absl::StatusOr<std::string> ReadText(const std::string& path) {
  if (path.empty()) {
    return absl::InvalidArgumentError("--file names the text to score");
  }
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.good() && !file.eof()) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot read the file"));
  }
  return text;
}

// What the model asks for before a text: the first of the tokens that it adds.
absl::StatusOr<std::optional<int32_t>> BosOf(
    const tokenizer::Tokenizer& tokenizer) {
  ASSIGN_OR_RETURN(const std::vector<int32_t> added,
                   tokenizer.Encode("", {.add_special = true}));
  if (!added.empty() && added.front() == tokenizer.bos()) return added.front();
  return std::optional<int32_t>();
}

std::string ToJson(const PerplexityScore& score,
                   const PerplexityWindows& windows) {
  const nlohmann::ordered_json json = {
      {"perplexity", score.Perplexity()}, {"num_tokens", score.num_scored},
      {"num_windows", score.num_windows}, {"context", windows.len},
      {"unscored", windows.num_unscored}, {"nll", score.sum_nll}};
  return json.dump();
}

}  // namespace

absl::Status RunPerplexity(absl::Span<const std::string> args,
                           const Environment& environment) {
  PerplexityOptions options;
  options.selection.model = environment.default_model;
  options::Flags flags(
      "tessera perplexity",
      "Perplexity of a text: of consecutive windows of so many tokens, every\n"
      "token of a window but its first, given those before it. The incomplete\n"
      "last window is dropped.");
  flags.Text("file", &options.file, "FILE", "the text").Short('f');
  flags.Int("context", &options.windows.len, 2, 1 << 24, "tokens of a window")
      .Short('c');
  flags.Int("unscored", &options.windows.num_unscored, 1, 1 << 24,
            "first tokens of a window that are not scored; half of it and one "
            "gives llama-perplexity's figure");
  flags.Switch("json", &options.json, "for a script");
  model::AddModelFlags(&flags, &options.selection);
  model::AddThreadsFlag(&flags, &options.selection);
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string text, ReadText(options.file));
  options.selection.context_len = options.windows.len;
  ASSIGN_OR_RETURN(const LoadedModel loaded, Load(options.selection));
  ASSIGN_OR_RETURN(const std::vector<int32_t> tokens,
                   loaded.tokenizer->Encode(text, {.parse_special = false}));
  ASSIGN_OR_RETURN(options.windows.bos, BosOf(*loaded.tokenizer));
  ASSIGN_OR_RETURN(
      const PerplexityScore score,
      ScorePerplexity(tokens, options.windows, loaded.sequence.get(),
                      [&options](const PerplexityScore& so_far) {
                        if (options.json) return;
                        std::cout << absl::StrFormat("window %d: %.4f",
                                                     so_far.num_windows,
                                                     so_far.Perplexity())
                                  << std::endl;
                      }));
  std::cout << (options.json
                    ? ToJson(score, options.windows)
                    : absl::StrFormat(
                          "perplexity %.4f over %d tokens in %d windows of %d",
                          score.Perplexity(), score.num_scored,
                          score.num_windows, options.windows.len))
            << "\n";
  return absl::OkStatus();
}

}  // namespace tessera::cli
