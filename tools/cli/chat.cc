#include "tools/cli/chat.h"

#include <unistd.h>

#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "libs/base/status_macros.h"
#include "libs/conversation/prompt_template.h"
#include "libs/model/load_tokenizer.h"
#include "libs/model/model_selection.h"
#include "libs/options/flags.h"
#include "tools/cli/generation.h"
#include "tools/cli/generation_options.h"
#include "tools/cli/generation_report.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/loaded_model.h"

namespace tessera::cli {
namespace {

constexpr char kQuestion[] = "What is gravity?";
constexpr char kHelp[] = "/quit ends, /reset forgets the conversation\n";

struct ChatOptions {
  model::ModelSelection selection;
  // What the authors of SmolLM2-135M-Instruct recommend.
  GenerationOptions generation = {
      .sampling = {.temperature = 0.2f, .top_p = 0.9f}, .max_tokens = 512};
  std::string system;
};

void AddChatFlags(options::Flags* flags, ChatOptions* options) {
  flags->Text("system", &options->system, "TEXT",
              "the system message; without it the template's own");
  AddGenerationFlags(flags, &options->generation);
  model::AddModelFlags(flags, &options->selection);
  model::AddThreadsFlag(flags, &options->selection);
  model::AddContextFlag(flags, &options->selection);
}

class Chat {
 public:
  Chat(const ChatOptions& options, const LoadedModel& loaded,
       conversation::PromptTemplate prompt, Interrupt* interrupt)
      : options_(options),
        loaded_(loaded),
        template_(std::move(prompt)),
        interrupt_(interrupt) {
    if (!options.system.empty()) messages_ = {{"system", options.system}};
    num_fixed_ = messages_.size();
  }

  // Puts the question, shows the answer as it comes, and remembers both. A
  // question that has no answer is forgotten.
  absl::StatusOr<GenerationTimes> Ask(const std::string& question) {
    messages_.push_back({"user", question});
    const absl::StatusOr<Generation> answer = Generate();
    std::cout << std::endl;
    if (!answer.ok()) {
      messages_.pop_back();
      return answer.status();
    }
    messages_.push_back({"assistant", answer->text});
    return answer->times;
  }

  // Until /quit or the end of the input.
  absl::Status Talk() {
    const bool dim = isatty(STDERR_FILENO) != 0;
    std::cerr << kHelp;
    std::string line;
    while (ReadLine(&line) && line != "/quit") {
      if (line.empty()) continue;
      if (line == "/reset") {
        messages_.resize(num_fixed_);
        continue;
      }
      if (line[0] == '/') {
        std::cerr << kHelp;
        continue;
      }
      const absl::StatusOr<GenerationTimes> times = Ask(line);
      // The model could not answer; the person can ask for something else.
      std::cerr << (dim ? "\033[2m" : "")
                << (times.ok() ? SpeedLine(*times)
                               : std::string(times.status().message()))
                << (dim ? "\033[0m" : "") << std::endl;
    }
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<Generation> Generate() {
    ASSIGN_OR_RETURN(
        const std::vector<int32_t> prompt,
        template_.Tokens(messages_, /*add_generation_prompt=*/true));
    return cli::Generate(prompt, options_.generation, *loaded_.tokenizer,
                         loaded_.sequence.get(),
                         [this](absl::string_view text) {
                           std::cout << text << std::flush;
                           return !interrupt_->Requested();
                         });
  }

  bool ReadLine(std::string* line) {
    std::cout << "> " << std::flush;
    interrupt_->Allow(true);
    const bool read = static_cast<bool>(std::getline(std::cin, *line));
    interrupt_->Allow(false);
    if (!read) std::cout << std::endl;
    *line = std::string(absl::StripAsciiWhitespace(*line));
    return read;
  }

  const ChatOptions& options_;
  const LoadedModel& loaded_;
  conversation::PromptTemplate template_;
  std::vector<conversation::Message> messages_;
  Interrupt* interrupt_;
  size_t num_fixed_ = 0;  // messages that /reset keeps
};

}  // namespace

absl::Status RunChat(absl::Span<const std::string> args,
                     const Environment& environment) {
  const absl::Time start = absl::Now();
  ChatOptions options;
  options.selection.model = environment.default_model;
  options::Flags flags("tessera chat",
                       "Talks in the terminal. With no terminal on standard "
                       "input: answers one\nquestion and tells its speeds.");
  AddChatFlags(&flags, &options);
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(options.generation.Validate());
  Interrupt interrupt;  // before the model's threads start
  ASSIGN_OR_RETURN(const LoadedModel loaded, Load(options.selection));
  ASSIGN_OR_RETURN(const std::string chat_template,
                   model::LoadChatTemplate(*loaded.checkpoint));
  ASSIGN_OR_RETURN(conversation::PromptTemplate prompt,
                   conversation::PromptTemplate::Create(
                       chat_template, loaded.tokenizer.get()));
  const absl::Duration load_time = absl::Now() - start;
  Chat chat(options, loaded, std::move(prompt), &interrupt);
  if (isatty(STDIN_FILENO) != 0) return chat.Talk();
  std::cout << "> " << kQuestion << std::endl;
  ASSIGN_OR_RETURN(const GenerationTimes times, chat.Ask(kQuestion));
  std::cout << SpeedLine(times)
            << absl::StrFormat(
                   "\n[loaded in %.3f s; load to first token %.3f s]\n",
                   absl::ToDoubleSeconds(load_time),
                   absl::ToDoubleSeconds(load_time + times.to_first_token));
  return absl::OkStatus();
}

}  // namespace tessera::cli
