#include "tools/accuracy/prompts.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "libs/base/status_macros.h"

namespace tessera::accuracy {
namespace {

constexpr absl::string_view kHeading = "===";

absl::Status LineError(int line, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("line ", line, ": ", what));
}

absl::StatusOr<Prompt> ParseHeading(absl::string_view heading, int line) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(heading, ' ', absl::SkipEmpty());
  if (words.size() != 2) {
    return LineError(line, "a prompt starts with \"=== NAME chat|raw\"");
  }
  Prompt prompt;
  prompt.name = std::string(words[0]);
  if (words[1] == "chat") {
    prompt.kind = Prompt::Kind::kChat;
  } else if (words[1] != "raw") {
    return LineError(
        line, absl::StrCat("kind \"", words[1], "\" is neither chat nor raw"));
  }
  return prompt;
}

absl::Status CheckNew(const Prompt& prompt, const std::vector<Prompt>& others,
                      int line) {
  const bool is_known = std::any_of(
      others.begin(), others.end(),
      [&](const Prompt& other) { return other.name == prompt.name; });
  if (!is_known) return absl::OkStatus();
  return LineError(line, absl::StrCat("a second prompt \"", prompt.name, "\""));
}

}  // namespace

absl::StatusOr<std::vector<Prompt>> ParsePrompts(absl::string_view file) {
  std::vector<Prompt> prompts;
  int line_number = 0;
  for (absl::string_view line : absl::StrSplit(file, '\n')) {
    ++line_number;
    if (absl::ConsumePrefix(&line, kHeading)) {
      ASSIGN_OR_RETURN(Prompt prompt, ParseHeading(line, line_number));
      RETURN_IF_ERROR(CheckNew(prompt, prompts, line_number));
      prompts.push_back(std::move(prompt));
    } else if (!prompts.empty()) {
      absl::StrAppend(&prompts.back().text, line, "\n");
    }
  }
  for (Prompt& prompt : prompts) {
    while (absl::EndsWith(prompt.text, "\n")) prompt.text.pop_back();
    if (prompt.text.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the prompt \"", prompt.name, "\" has no text"));
    }
  }
  if (prompts.empty()) {
    return absl::InvalidArgumentError("no line starts a prompt (===)");
  }
  return prompts;
}

}  // namespace tessera::accuracy
