// NewWholeAnswer: one JSON object at the end.
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/json/json_text.h"
#include "services/gateway/answer.h"
#include "services/gateway/usage_text.h"

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;
using TokenIds = google::protobuf::RepeatedField<int32_t>;

struct Choice {
  std::string text;
  TokenIds token_ids;                            // if asked for
  google::protobuf::RepeatedField<int> sources;  // one a token, if asked for
  std::unique_ptr<LogprobsText> logprobs;
  v1::FinishReason finish_reason = v1::LENGTH;  // nothing was to be generated
};

class WholeAnswer : public Answer {
 public:
  explicit WholeAnswer(AnswerParts parts)
      : parts_(std::move(parts)),
        prompt_token_ids_(parts_.num_prompts),
        choices_(parts_.num_choices()) {
    for (Choice& choice : choices_) {
      choice.logprobs = NewLogprobs(parts_.request);
    }
  }

  void AddPrompt(int prompt_index, const v1::PromptInfo& prompt) override {
    const GenerationRequest& request = parts_.request;
    prompt_token_ids_[prompt_index] = prompt.token_ids();
    if (!request.echo) return;
    for (int k = 0; k < request.n; ++k) {
      Choice& choice = choices_[prompt_index * request.n + k];
      choice.text = parts_.prompt_texts[prompt_index];
      if (request.logprobs) AddPromptLogprobs(prompt, choice.logprobs.get());
    }
  }

  void Add(int index, const v1::ChoiceDelta& delta) override {
    Choice& choice = choices_[index];
    choice.text += delta.text();
    AddTokens(delta, &choice);
    if (choice.logprobs != nullptr) {
      for (const v1::TokenLogprobs& token : delta.logprobs()) {
        choice.logprobs->Add(token);
      }
    }
    if (delta.finish_reason() != v1::NOT_FINISHED) {
      choice.finish_reason = delta.finish_reason();
    }
  }

  bool Flush() override { return true; }

  void Finish(const v1::Usage& usage) override {
    const GenerationRequest& request = parts_.request;
    http::Response response;
    std::string& json = response.body;
    json = "{\"id\":";
    AppendJsonString(parts_.head.id, &json);
    absl::StrAppend(&json, ",\"object\":\"",
                    request.is_chat ? "chat.completion" : "text_completion",
                    "\",\"created\":", parts_.head.created_unix_seconds,
                    ",\"model\":");
    AppendJsonString(request.model, &json);
    absl::StrAppend(&json, ",\"choices\":[");
    for (size_t i = 0; i < choices_.size(); ++i) {
      if (i > 0) json.push_back(',');
      AppendChoice(i, &json);
    }
    absl::StrAppend(&json, "],\"usage\":");
    AppendUsage(usage, &json);
    AppendExtras(usage, &json);
    json.push_back('}');
    parts_.exchange->Send(std::move(response));
  }

  void Fail(const ApiError& error) override {
    parts_.exchange->Send(ErrorResponse(error));
  }

 private:
  void AddTokens(const v1::ChoiceDelta& delta, Choice* choice) const {
    const GenerationRequest& request = parts_.request;
    if (request.return_token_sources) {
      // A source a token, however many the delta has.
      const int num_tokens = choice->sources.size() + delta.token_ids_size();
      choice->sources.MergeFrom(delta.sources());
      choice->sources.Resize(num_tokens, v1::SOURCE_TARGET);
    }
    if (request.return_token_ids) {
      choice->token_ids.MergeFrom(delta.token_ids());
    }
  }

  void AppendChoice(size_t index, std::string* json) {
    const GenerationRequest& request = parts_.request;
    const Choice& choice = choices_[index];
    absl::StrAppend(json, "{\"index\":", index,
                    request.is_chat
                        ? ",\"message\":{\"role\":\"assistant\",\"content\":"
                        : ",\"text\":");
    AppendJsonString(choice.text, json);
    absl::StrAppend(json, request.is_chat ? ",\"refusal\":null}" : "",
                    ",\"logprobs\":");
    if (choice.logprobs != nullptr) {
      choice.logprobs->Take(json);
    } else {
      absl::StrAppend(json, "null");
    }
    absl::StrAppend(
        json, ",\"finish_reason\":", FinishReasonText(choice.finish_reason));
    if (request.return_token_ids) {
      absl::StrAppend(json, ",\"token_ids\":");
      AppendTokenIds(choice.token_ids, json);
      if (!request.is_chat) {
        AppendPromptTokenIds(index / static_cast<size_t>(request.n), json);
      }
    }
    if (request.return_token_sources) {
      absl::StrAppend(json, ",\"token_sources\":");
      AppendTokenSources(choice.sources, choice.sources.size(), json);
    }
    json->push_back('}');
  }

  void AppendPromptTokenIds(size_t prompt_index, std::string* json) const {
    absl::StrAppend(json, ",\"prompt_token_ids\":");
    AppendTokenIds(prompt_token_ids_[prompt_index], json);
  }

  void AppendExtras(const v1::Usage& usage, std::string* json) const {
    if (parts_.request.return_token_ids) AppendPromptTokenIds(0, json);
    if (parts_.request.return_timings) {
      absl::StrAppend(json, ",\"timings\":");
      AppendTimings(usage, json);
    }
  }

  const AnswerParts parts_;
  std::vector<TokenIds> prompt_token_ids_;  // of each prompt
  std::vector<Choice> choices_;
};

}  // namespace

std::unique_ptr<Answer> NewWholeAnswer(AnswerParts parts) {
  return std::make_unique<WholeAnswer>(std::move(parts));
}

}  // namespace tessera::gateway
