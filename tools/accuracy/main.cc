// Compares the fast kernels with the float oracle on a text and on greedy
// answers, prints the tables, and exits with 1 where a bound is missed (2 on
// errors). tools/accuracy/run calls it with the default model and corpus.
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/status_macros.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/model/load_tokenizer.h"
#include "libs/options/flags.h"
#include "libs/tokenizer/tokenizer.h"
#include "tools/accuracy/accuracy_options.h"
#include "tools/accuracy/compared_model.h"
#include "tools/accuracy/greedy_comparison.h"
#include "tools/accuracy/prompt_tokens.h"
#include "tools/accuracy/prompts.h"
#include "tools/accuracy/report.h"
#include "tools/accuracy/text_comparison.h"

namespace tessera::accuracy {
namespace {

using tokenizer::Tokenizer;

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot open"));
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

class Measurement {
 public:
  explicit Measurement(const AccuracyOptions& options) : options_(options) {}

  // Whether every bound is kept.
  absl::StatusOr<bool> Run() {
    RETURN_IF_ERROR(Load());
    std::cout << absl::StrFormat("%s, %d tokens of %s in windows of %d\n",
                                 options_.model, text_.size(), options_.text,
                                 options_.window_len);
    ASSIGN_OR_RETURN(
        const std::vector<LogitComparison> comparisons,
        CompareOnText(text_, {.window_len = options_.window_len},
                      models_.oracle.sequence.get(), models_.sequences(),
                      [&](int64_t rows) { Progress("text", rows); }));
    std::cout << TextTable(models_.names(), comparisons, bounds_) << std::endl;
    ASSIGN_OR_RETURN(const std::vector<AnswerLine> answers, Answer());
    std::cout << AnswerTable(models_.names(), answers, bounds_);
    std::vector<std::string> failures =
        TextFailures(models_.names(), comparisons, bounds_);
    for (std::string& failure :
         AnswerFailures(models_.names(), answers, bounds_, [&](int32_t token) {
           return absl::CEscape(tokenizer_->TokenBytes(token));
         })) {
      failures.push_back(std::move(failure));
    }
    for (const std::string& failure : failures) std::cout << failure << "\n";
    std::cout << (failures.empty() ? "every bound is kept\n"
                                   : "bounds are missed\n");
    return failures.empty();
  }

 private:
  absl::Status Load() {
    RETURN_IF_ERROR(options_.Validate());
    ASSIGN_OR_RETURN(const std::vector<CandidateSpec> specs,
                     options_.Candidates(device::HostCpuFeatures()));
    ASSIGN_OR_RETURN(const std::string text, ReadFile(options_.text));
    if (!options_.prompts.empty()) {
      ASSIGN_OR_RETURN(const std::string file, ReadFile(options_.prompts));
      absl::StatusOr<std::vector<Prompt>> prompts = ParsePrompts(file);
      RETURN_IF_ERROR(Annotate(prompts.status(), options_.prompts));
      prompts_ = *std::move(prompts);
    }
    ASSIGN_OR_RETURN(const std::unique_ptr<Checkpoint> checkpoint,
                     OpenCheckpoint(options_.model));
    ASSIGN_OR_RETURN(tokenizer_, model::LoadTokenizer(*checkpoint));
    ASSIGN_OR_RETURN(chat_template_, model::LoadChatTemplate(*checkpoint));
    ASSIGN_OR_RETURN(text_, tokenizer_->Encode(text, {.parse_special = false}));
    if (text_.size() > options_.num_tokens) text_.resize(options_.num_tokens);
    ASSIGN_OR_RETURN(
        models_, LoadComparedModels(*checkpoint, specs, options_.threads, 0));
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<AnswerLine>> Answer() {
    std::vector<AnswerLine> lines;
    for (const Prompt& prompt : prompts_) {
      ASSIGN_OR_RETURN(const std::vector<int32_t> tokens,
                       PromptTokens(prompt, *tokenizer_, chat_template_));
      ASSIGN_OR_RETURN(std::vector<GreedyComparison> comparisons,
                       CompareAnswers(
                           tokens, options_.answer_len,
                           [&](int32_t token) {
                             return tokenizer_->IsEndOfGeneration(token);
                           },
                           models_.oracle.sequence.get(), models_.sequences()));
      lines.push_back({prompt.name, std::move(comparisons)});
      Progress("prompts", lines.size());
    }
    return lines;
  }

  void Progress(absl::string_view what, int64_t done) {
    std::cerr << absl::StrFormat("\r%s: %d ", what, done);
  }

  const AccuracyOptions& options_;
  const AccuracyBounds bounds_;
  std::unique_ptr<const Tokenizer> tokenizer_;
  std::string chat_template_;
  std::vector<int32_t> text_;
  std::vector<Prompt> prompts_;
  ComparedModels models_;
};

absl::StatusOr<bool> Main(const std::vector<std::string>& args) {
  AccuracyOptions options;
  options::Flags flags(
      "accuracy",
      "Compares the fast kernels with the float oracle: the same checkpoint\n"
      "with dequantized weights, float activations and plain loops.");
  AddAccuracyFlags(&flags, &options);
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return true;
  }
  return Measurement(options).Run();
}

}  // namespace
}  // namespace tessera::accuracy

int main(int argc, char** argv) {
  const absl::StatusOr<bool> kept =
      tessera::accuracy::Main(std::vector<std::string>(argv + 1, argv + argc));
  if (!kept.ok()) {
    std::cerr << "accuracy: " << kept.status().message() << "\n";
    return 2;
  }
  return *kept ? 0 : 1;
}
