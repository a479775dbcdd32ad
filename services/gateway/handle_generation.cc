#include "services/gateway/handle_generation.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/log/log.h"
#include "services/gateway/answer.h"
#include "services/gateway/answer_head.h"
#include "services/gateway/generation.h"
#include "services/gateway/generation_request.h"
#include "services/gateway/prompt_texts.h"
#include "services/gateway/read_request.h"

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;
using Calls = std::vector<v1::GenerateRequest>;

// The verifier's log tells the calls apart.
void NameCalls(const AnswerHead& head, Calls* calls) {
  for (size_t i = 0; i < calls->size(); ++i) {
    v1::GenerateRequest& call = (*calls)[i];
    call.set_request_id(calls->size() == 1 ? head.id
                                           : absl::StrCat(head.id, "-", i));
  }
}

void SaltCalls(const CallerSalts& salts, const Caller& caller, Calls* calls) {
  for (v1::GenerateRequest& call : *calls) {
    call.set_cache_salt(salts.Of(caller, call.cache_salt()));
  }
}

// As a person reads it.
std::string Readable(const v1::Prompt& prompt) {
  if (prompt.has_text()) return prompt.text().text();
  std::string text;
  for (const v1::ChatMessage& message : prompt.chat().messages()) {
    absl::StrAppend(&text, text.empty() ? "" : "\n", message.role(), ": ",
                    message.content());
  }
  for (const int32_t id : prompt.tokens().ids()) {
    absl::StrAppend(&text, text.empty() ? "" : " ", id);
  }
  return text;
}

void LogPrompts(const AnswerHead& head, const Calls& calls) {
  for (const v1::GenerateRequest& call : calls) {
    log::Event(log::kInfo, "prompt",
               {{"request_id", head.id}, {"prompt", Readable(call.prompt())}});
  }
}

void Run(const std::shared_ptr<GatewayState>& state, const Visit& visit,
         GenerationRequest request) {
  AnswerParts parts;
  if (request.request_id.empty()) request.request_id = NewRequestId();
  visit.exchange->record().request_id = request.request_id;
  parts.head.id = AnswerId(request.is_chat, request.request_id);
  parts.head.created_unix_seconds = absl::ToUnixSeconds(absl::Now());
  parts.exchange = visit.exchange;
  Calls calls = std::exchange(request.calls, {});
  parts.num_prompts = calls.size();
  parts.request = std::move(request);
  NameCalls(parts.head, &calls);
  SaltCalls(state->salts, visit.caller, &calls);
  if (state->options.log_prompts) LogPrompts(parts.head, calls);
  if (!parts.request.echo) {
    return Generation::Run(std::move(calls), std::move(parts), visit.exchange,
                           state->client);
  }
  ReadPromptTexts(calls, state->client,
                  [state, visit, calls, parts](
                      absl::StatusOr<std::vector<std::string>> texts) mutable {
                    if (!texts.ok()) return SendError(visit, texts.status());
                    parts.prompt_texts = *std::move(texts);
                    Generation::Run(std::move(calls), std::move(parts),
                                    visit.exchange, state->client);
                  });
}

void Handle(const std::shared_ptr<GatewayState>& state, Visit visit,
            bool is_chat) {
  std::shared_ptr<void> ticket = state->active.TryAdd(visit.caller);
  if (ticket == nullptr) {
    return SendError(visit, absl::ResourceExhaustedError(
                                "too many requests of this key are running"));
  }
  visit.exchange->Keep(std::move(ticket));
  // After the ticket: a drain that saw none sees no later one answered.
  if (state->is_draining) {
    return SendError(visit, absl::UnavailableError("draining: about to stop"));
  }
  const auto parse = is_chat ? ParseChatRequest : ParseCompletionRequest;
  ReadRequest(state, std::move(visit),
              [state, parse](const Visit& visit, const JsonField& root,
                             const ServedModel& model) {
                absl::StatusOr<GenerationRequest> request =
                    parse(root, model, state->options.max_request_tokens);
                if (!request.ok()) return SendError(visit, request.status());
                Run(state, visit, *std::move(request));
              });
}

}  // namespace

void HandleChat(const std::shared_ptr<GatewayState>& state, Visit visit) {
  Handle(state, std::move(visit), /*is_chat=*/true);
}

void HandleCompletion(const std::shared_ptr<GatewayState>& state, Visit visit) {
  Handle(state, std::move(visit), /*is_chat=*/false);
}

}  // namespace tessera::gateway
