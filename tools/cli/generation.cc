#include "tools/cli/generation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/base/status_macros.h"
#include "libs/conversation/stop_text.h"
#include "libs/sampling/sampler.h"
#include "libs/tokenizer/stream_decoder.h"

namespace tessera::cli {
namespace {

// The request's stop tokens, and the model's own unless they are ignored.
class EndTokens {
 public:
  EndTokens(const GenerationOptions& options,
            const tokenizer::Tokenizer& tokenizer)
      : stop_token_ids_(options.sampling.stop_token_ids),
        tokenizer_(options.ignore_eos ? nullptr : &tokenizer) {}

  bool Contains(int32_t token) const {
    return (tokenizer_ != nullptr && tokenizer_->IsEndOfGeneration(token)) ||
           std::find(stop_token_ids_.begin(), stop_token_ids_.end(), token) !=
               stop_token_ids_.end();
  }

  std::vector<int32_t> All(int32_t vocab_size) const {
    std::vector<int32_t> all;
    for (int32_t token = 0; token < vocab_size; ++token) {
      if (Contains(token)) all.push_back(token);
    }
    return all;
  }

 private:
  const std::vector<int32_t>& stop_token_ids_;
  const tokenizer::Tokenizer* tokenizer_;
};

absl::Status CheckPrompt(absl::Span<const int32_t> prompt,
                         const SequenceModel& model) {
  if (prompt.empty()) {
    return absl::InvalidArgumentError("the prompt has no tokens");
  }
  if (prompt.size() >= model.context_len()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the prompt has ", prompt.size(),
                     " tokens; with room for an answer, ", "the context of ",
                     model.context_len(), " takes ", model.context_len() - 1));
  }
  return absl::OkStatus();
}

// How much of the prompt the model holds already; never all of it, since the
// logits after its last token are wanted.
size_t NumCached(absl::Span<const int32_t> prompt, const SequenceModel& model) {
  const absl::Span<const int32_t> held = model.tokens();
  const size_t most = std::min(prompt.size() - 1, held.size());
  return std::mismatch(prompt.begin(), prompt.begin() + most, held.begin())
             .first -
         prompt.begin();
}

absl::StatusOr<sampling::Sampler> MakeSampler(absl::Span<const int32_t> prompt,
                                              const GenerationOptions& options,
                                              const EndTokens& end_tokens,
                                              int32_t vocab_size) {
  sampling::SamplingParameters parameters = options.sampling;
  parameters.seed = options.seed.value_or(0);
  if (parameters.min_tokens > 0) {
    parameters.stop_token_ids = end_tokens.All(vocab_size);
  }
  return sampling::Sampler::Create(std::move(parameters), vocab_size, prompt);
}

// Tokens into text, up to the first reason to stop.
class Answer {
 public:
  Answer(const GenerationOptions& options, const EndTokens& end_tokens,
         const tokenizer::Tokenizer& tokenizer,
         absl::FunctionRef<bool(absl::string_view)> show)
      : max_tokens_(options.max_tokens),
        end_tokens_(end_tokens),
        decoder_(&tokenizer),
        stop_(options.stop),
        show_(show) {}

  // False: that was the last token.
  bool Append(int32_t token) {
    result_.tokens.push_back(token);
    if (end_tokens_.Contains(token)) {
      result_.finish_reason = FinishReason::kStop;
      return false;
    }
    const bool go_on = Show(stop_.Append(decoder_.Push(token)));
    if (stop_.stopped()) {
      result_.finish_reason = FinishReason::kStop;
      return false;
    }
    if (!go_on) {
      result_.finish_reason = FinishReason::kAbort;
      return false;
    }
    return result_.tokens.size() < max_tokens_;
  }

  Generation Finish() {
    Show(stop_.Append(decoder_.Flush()) + stop_.Finish());
    return std::move(result_);
  }

 private:
  bool Show(const std::string& text) {
    result_.text += text;
    return text.empty() || show_(text);
  }

  const size_t max_tokens_;
  const EndTokens& end_tokens_;
  tokenizer::StreamDecoder decoder_;
  conversation::StopText stop_;
  absl::FunctionRef<bool(absl::string_view)> show_;
  Generation result_;
};

}  // namespace

absl::string_view FinishReasonName(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kAbort:
      return "abort";
  }
  return "";
}

double GenerationTimes::PromptTokensPerSecond() const {
  const double seconds = absl::ToDoubleSeconds(to_first_token);
  return seconds > 0 ? (num_prompt - num_cached) / seconds : 0;
}

double GenerationTimes::DecodeTokensPerSecond() const {
  const double seconds = absl::ToDoubleSeconds(after_first_token);
  return seconds > 0 ? (num_generated - 1) / seconds : 0;
}

absl::StatusOr<Generation> Generate(
    absl::Span<const int32_t> prompt, const GenerationOptions& options,
    const tokenizer::Tokenizer& tokenizer, SequenceModel* model,
    absl::FunctionRef<bool(absl::string_view)> show) {
  RETURN_IF_ERROR(CheckPrompt(prompt, *model));
  const EndTokens end_tokens(options, tokenizer);
  ASSIGN_OR_RETURN(
      sampling::Sampler sampler,
      MakeSampler(prompt, options, end_tokens, model->vocab_size()));
  sampling::SamplingScratch scratch;
  Answer answer(options, end_tokens, tokenizer, show);

  const absl::Time start = absl::Now();
  absl::Time first_token = start;
  const size_t num_cached = NumCached(prompt, *model);
  model->Truncate(num_cached);
  ASSIGN_OR_RETURN(absl::Span<const float> logits,
                   model->Extend(prompt.subspan(num_cached)));
  while (true) {
    const int64_t position = model->tokens().size();
    ASSIGN_OR_RETURN(const int32_t token,
                     sampler.Sample(logits, position, &scratch));
    if (position == prompt.size()) first_token = absl::Now();
    const bool is_full = position == model->context_len();
    if (!answer.Append(token) || is_full) break;
    sampler.Append(token);
    ASSIGN_OR_RETURN(logits, model->Extend({token}));
  }
  Generation result = answer.Finish();
  result.times = {.num_prompt = static_cast<int>(prompt.size()),
                  .num_cached = static_cast<int>(num_cached),
                  .num_generated = static_cast<int>(result.tokens.size()),
                  .to_first_token = first_token - start,
                  .after_first_token = absl::Now() - first_token};
  return result;
}

}  // namespace tessera::cli
