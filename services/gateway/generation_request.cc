#include "services/gateway/generation_request.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "services/gateway/answer_fields.h"
#include "services/gateway/prompt_fields.h"
#include "services/gateway/request_fields.h"
#include "services/gateway/sampling_fields.h"

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;

// All but the prompt, max_tokens and logprobs.
absl::Status ReadShared(const JsonField& root, const ServedModel& model,
                        GenerationRequest* request, v1::GenerateRequest* call) {
  RETURN_IF_ERROR(root.ExpectObject());
  ASSIGN_OR_RETURN(request->model, ReadModel(root, model));
  RETURN_IF_ERROR(RefuseUnsupported(root));
  RETURN_IF_ERROR(ReadAnswerFields(root, request));
  RETURN_IF_ERROR(ReadEngineFields(root, model, call));
  RETURN_IF_ERROR(
      ReadSampling(root, model.vocab_size, call->mutable_sampling()));
  call->set_n(request->n);
  call->set_stream(request->stream);
  call->set_return_prompt_token_ids(request->return_token_ids);
  call->set_return_token_sources(request->return_token_sources);
  return absl::OkStatus();
}

absl::Status CheckTokens(const JsonField& root, const ServedModel& model,
                         int64_t max_request_tokens,
                         const GenerationRequest& request) {
  const v1::GenerateRequest& call = request.calls.front();
  const int64_t tokens =
      call.has_max_tokens() ? call.max_tokens() : model.context_len;
  const auto choices = static_cast<int64_t>(request.calls.size()) * request.n;
  if (choices * tokens > max_request_tokens) {
    return root.Get("n").Error(absl::StrCat(
        choices, " choices of up to ", tokens, " tokens are more than the ",
        max_request_tokens, " that a request may ask for"));
  }
  if (call.sampling().min_tokens() > tokens) {
    return root.Get("min_tokens")
        .Error(absl::StrCat("must be at most max_tokens, ", tokens, ", not ",
                            call.sampling().min_tokens()));
  }
  return absl::OkStatus();
}

absl::Status ReadChatLogprobs(const JsonField& root, GenerationRequest* request,
                              v1::GenerateRequest* call) {
  RETURN_IF_ERROR(ReadBool(root, "logprobs", &request->logprobs));
  int top = 0;
  RETURN_IF_ERROR(ReadInt(root, "top_logprobs", 0, kMaxTopLogprobs, &top));
  if (top > 0 && !request->logprobs) {
    return root.Get("top_logprobs").Error("needs \"logprobs\": true");
  }
  if (request->logprobs) call->set_num_logprobs(top);
  return absl::OkStatus();
}

absl::Status ReadCompletionLogprobs(const JsonField& root,
                                    GenerationRequest* request,
                                    v1::GenerateRequest* call) {
  std::optional<int> top;
  RETURN_IF_ERROR(ReadInt(root, "logprobs", 0, kMaxCompletionLogprobs, &top));
  RETURN_IF_ERROR(ReadBool(root, "echo", &request->echo));
  if (!top.has_value()) return absl::OkStatus();
  request->logprobs = true;
  call->set_num_logprobs(*top);
  if (request->echo) call->set_num_prompt_logprobs(*top);
  return absl::OkStatus();
}

absl::Status RefuseCompletionFields(const JsonField& root, int n) {
  if (!root.Get("suffix").IsNull()) {
    return root.Get("suffix").Error("is not supported");
  }
  const JsonField best_of = root.Get("best_of");
  if (best_of.IsNull()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const int64_t value, best_of.Int(1, kMaxChoices));
  if (value != n) return best_of.MustBe(absl::StrCat("n, ", n));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<GenerationRequest> ParseChatRequest(const JsonField& root,
                                                   const ServedModel& model,
                                                   int64_t max_request_tokens) {
  GenerationRequest request;
  request.is_chat = true;
  v1::GenerateRequest call;
  RETURN_IF_ERROR(ReadShared(root, model, &request, &call));
  RETURN_IF_ERROR(ReadChatLogprobs(root, &request, &call));
  std::optional<int32_t> max_tokens;
  for (const char* name : {"max_tokens", "max_completion_tokens"}) {
    RETURN_IF_ERROR(ReadInt(root, name, 1, model.context_len, &max_tokens));
  }
  if (max_tokens.has_value()) call.set_max_tokens(*max_tokens);
  ASSIGN_OR_RETURN(*call.mutable_prompt(), ReadChatPrompt(root, model));
  request.calls.push_back(std::move(call));
  RETURN_IF_ERROR(CheckTokens(root, model, max_request_tokens, request));
  return request;
}

absl::StatusOr<GenerationRequest> ParseCompletionRequest(
    const JsonField& root, const ServedModel& model,
    int64_t max_request_tokens) {
  GenerationRequest request;
  v1::GenerateRequest call;
  RETURN_IF_ERROR(ReadShared(root, model, &request, &call));
  RETURN_IF_ERROR(ReadCompletionLogprobs(root, &request, &call));
  RETURN_IF_ERROR(RefuseCompletionFields(root, request.n));
  // Without new tokens there is nothing to answer with but the prompt.
  const int min_tokens = request.echo ? 0 : 1;
  int32_t max_tokens = std::min(kDefaultCompletionTokens, model.context_len);
  RETURN_IF_ERROR(
      ReadInt(root, "max_tokens", min_tokens, model.context_len, &max_tokens));
  call.set_max_tokens(max_tokens);
  ASSIGN_OR_RETURN(std::vector<v1::Prompt> prompts, ReadPrompts(root, model));
  if (prompts.size() > 1 && !call.prediction().empty()) {
    return root.Get("prediction")
        .Error(absl::StrCat("is of one prompt's answer; there are ",
                            prompts.size(), " prompts"));
  }
  request.calls.assign(prompts.size(), call);
  for (size_t i = 0; i < prompts.size(); ++i) {
    *request.calls[i].mutable_prompt() = std::move(prompts[i]);
  }
  RETURN_IF_ERROR(CheckTokens(root, model, max_request_tokens, request));
  return request;
}

}  // namespace tessera::gateway
