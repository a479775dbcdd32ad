#include "services/gateway/tokenize_request.h"

#include <string>
#include <utility>
#include <vector>

#include "libs/base/status_macros.h"
#include "services/gateway/answer_fields.h"
#include "services/gateway/prompt_fields.h"
#include "services/gateway/request_fields.h"

namespace tessera::gateway {

namespace v1 = verifier::v1;

absl::StatusOr<TokenizeRequest> ParseTokenizeRequest(const JsonField& root,
                                                     const ServedModel& model) {
  RETURN_IF_ERROR(root.ExpectObject());
  RETURN_IF_ERROR(ReadModel(root, model).status());
  TokenizeRequest request;
  RETURN_IF_ERROR(
      ReadBool(root, "return_token_strs", &request.return_token_strs));
  v1::Prompt* prompt = request.call.mutable_prompt();
  if (!root.Get("messages").IsNull()) {
    if (!root.Get("prompt").IsNull()) {
      return root.Get("prompt").Error("must not stand beside messages");
    }
    ASSIGN_OR_RETURN(*prompt, ReadChatPrompt(root, model));
    return request;
  }
  const JsonField field = root.Get("prompt");
  if (!field.value().is_string()) {
    return field.MustBe("a string, where there are no messages");
  }
  ASSIGN_OR_RETURN(std::vector<v1::Prompt> prompts, ReadPrompts(root, model));
  *prompt = std::move(prompts.front());
  return request;
}

absl::StatusOr<v1::DetokenizeRequest> ParseDetokenizeRequest(
    const JsonField& root, const ServedModel& model) {
  constexpr size_t kMaxIds = 1 << 20;
  RETURN_IF_ERROR(root.ExpectObject());
  RETURN_IF_ERROR(ReadModel(root, model).status());
  v1::DetokenizeRequest request;
  RETURN_IF_ERROR(
      ReadTokenIds(root.Get("tokens"), model, kMaxIds, request.mutable_ids()));
  return request;
}

}  // namespace tessera::gateway
