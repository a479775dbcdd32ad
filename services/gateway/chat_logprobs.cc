// NewChatLogprobs.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/json/json_text.h"
#include "services/gateway/logprobs_text.h"

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;

// In place of minus infinity, which JSON lacks; as OpenAI.
constexpr float kLeast = -9999;

void AppendToken(const v1::TokenLogprob& token, std::string* json) {
  absl::StrAppend(json, "{\"token\":");
  AppendJsonString(token.text(), json);
  absl::StrAppend(json, ",\"logprob\":");
  AppendJsonNumber(std::max(token.logprob(), kLeast), json);
  absl::StrAppend(json, ",\"bytes\":[");
  absl::string_view separator = "";
  for (const char byte : token.text()) {
    absl::StrAppend(json, separator, static_cast<uint8_t>(byte));
    separator = ",";
  }
  json->push_back(']');
}

class ChatLogprobs : public LogprobsText {
 public:
  void AddFirst(absl::string_view) override {}  // chat echoes no prompt

  void Add(const v1::TokenLogprobs& token) override {
    if (!content_.empty()) content_.push_back(',');
    AppendToken(token.chosen(), &content_);
    absl::StrAppend(&content_, ",\"top_logprobs\":[");
    absl::string_view separator = "";
    for (const v1::TokenLogprob& top : token.top()) {
      absl::StrAppend(&content_, separator);
      AppendToken(top, &content_);
      content_.push_back('}');
      separator = ",";
    }
    absl::StrAppend(&content_, "]}");
  }

  void Take(std::string* json) override {
    absl::StrAppend(json, "{\"content\":[", content_, "],\"refusal\":null}");
    content_.clear();
  }

 private:
  std::string content_;  // the elements, with commas
};

}  // namespace

std::unique_ptr<LogprobsText> NewChatLogprobs() {
  return std::make_unique<ChatLogprobs>();
}

}  // namespace tessera::gateway
