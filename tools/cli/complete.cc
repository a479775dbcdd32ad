#include "tools/cli/complete.h"

#include <cstdint>
#include <iostream>
#include <iterator>
#include <optional>
#include <vector>

#include "libs/base/status_macros.h"
#include "libs/model/model_selection.h"
#include "libs/options/flags.h"
#include "tools/cli/generation.h"
#include "tools/cli/generation_options.h"
#include "tools/cli/generation_report.h"
#include "tools/cli/loaded_model.h"
#include "tools/cli/memory_use.h"

namespace tessera::cli {
namespace {

struct CompleteOptions {
  model::ModelSelection selection;
  GenerationOptions generation;
  std::optional<std::string> prompt;  // none: standard input
  bool parse_special = true;
  bool json = false;
};

void AddCompleteFlags(options::Flags* flags, CompleteOptions* options) {
  flags
      ->Custom({.name = "prompt",
                .value_word = "TEXT",
                .help = "what to continue (default: standard input)",
                .set =
                    [options](absl::string_view text) {
                      options->prompt = std::string(text);
                      return absl::OkStatus();
                    }})
      .Short('p');
  flags->Switch("parse-special", &options->parse_special,
                "the text of a special token becomes that token");
  flags->Switch("json", &options->json, "one object at the end, for a script");
  AddGenerationFlags(flags, &options->generation);
  model::AddModelFlags(flags, &options->selection);
  model::AddThreadsFlag(flags, &options->selection);
  model::AddContextFlag(flags, &options->selection);
}

}  // namespace

absl::Status RunComplete(absl::Span<const std::string> args,
                         const Environment& environment) {
  CompleteOptions options;
  options.selection.model = environment.default_model;
  options::Flags flags("tessera complete",
                       "Continues a text; the speeds go to standard error.");
  AddCompleteFlags(&flags, &options);
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(options.generation.Validate());
  ASSIGN_OR_RETURN(const LoadedModel loaded, Load(options.selection));
  const std::string prompt =
      options.prompt.has_value()
          ? *options.prompt
          : std::string(std::istreambuf_iterator<char>(std::cin), {});
  ASSIGN_OR_RETURN(
      const std::vector<int32_t> ids,
      loaded.tokenizer->Encode(prompt, {.parse_special = options.parse_special,
                                        .add_special = true}));
  ASSIGN_OR_RETURN(
      const Generation generation,
      Generate(ids, options.generation, *loaded.tokenizer,
               loaded.sequence.get(), [&options](absl::string_view text) {
                 if (!options.json) std::cout << text << std::flush;
                 return true;
               }));
  if (options.json) {
    std::cout << GenerationToJson(
                     generation, MeasureMemory(*loaded.model, *loaded.sequence))
              << "\n";
  } else {
    std::cout << "\n" << std::flush;
    std::cerr << SpeedLine(generation.times) << "\n";
  }
  return absl::OkStatus();
}

}  // namespace tessera::cli
