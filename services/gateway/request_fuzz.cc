// Parses bytes as the body of each kind of request; what is accepted keeps the
// promises that the verifier relies on.
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "libs/base/check.h"
#include "libs/json/json.h"
#include "services/gateway/api_error.h"
#include "services/gateway/content_field.h"
#include "services/gateway/generation_request.h"
#include "services/gateway/tokenize_request.h"

namespace tessera::gateway {
namespace {

constexpr int64_t kMaxRequestTokens = 4096;

void CheckError(const absl::Status& status) {
  const ApiError error = ApiErrorFromStatus(status);
  CHECK(error.status == 400 || error.status == 404) << status.ToString();
  CHECK(ParseJson(ErrorBody(error)).ok()) << ErrorBody(error);
}

void CheckRequest(const absl::StatusOr<GenerationRequest>& request,
                  const ServedModel& model) {
  if (!request.ok()) return CheckError(request.status());
  CHECK(request->n >= 1 && request->n <= kMaxChoices);
  CHECK(!request->calls.empty());
  for (const auto& call : request->calls) {
    CHECK(call.max_tokens() >= 0 && call.max_tokens() <= model.context_len);
    CHECK(call.stop_size() <= static_cast<int>(kMaxStops));
    CHECK(call.has_prompt());
    CHECK(call.prediction().size() <= MaxTextBytes(model));
    CHECK(call.prediction().empty() || request->calls.size() == 1);
    CHECK(call.IsInitialized());
    for (const int32_t id : call.prompt().tokens().ids()) {
      CHECK(id >= 0 && id < model.vocab_size);
    }
    // Strings are UTF-8, or this fails.
    CHECK(!call.SerializeAsString().empty());
  }
}

void Parse(absl::string_view text) {
  const ServedModel model{{"tiny"}, 100, 256, 0};
  const auto json = ParseJson(text, {.max_depth = 64, .max_values = 1 << 16});
  if (!json.ok()) return CheckError(json.status());
  const JsonField root(&*json, "");
  CheckRequest(ParseChatRequest(root, model, kMaxRequestTokens), model);
  CheckRequest(ParseCompletionRequest(root, model, kMaxRequestTokens), model);
  const auto tokenize = ParseTokenizeRequest(root, model);
  if (!tokenize.ok()) CheckError(tokenize.status());
  const auto detokenize = ParseDetokenizeRequest(root, model);
  if (!detokenize.ok()) CheckError(detokenize.status());
}

}  // namespace
}  // namespace tessera::gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tessera::gateway::Parse(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
