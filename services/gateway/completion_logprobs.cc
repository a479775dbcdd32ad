// NewCompletionLogprobs.
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/json/json_text.h"
#include "libs/json/utf8.h"
#include "services/gateway/logprobs_text.h"

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;

// In place of minus infinity, which JSON lacks; as OpenAI.
constexpr float kLeast = -9999;

std::string TokenName(absl::string_view token) {
  if (IsUtf8(token)) return std::string(token);
  std::string name = "bytes:";
  for (const char byte : token) {
    absl::StrAppend(&name, "\\x",
                    absl::Hex(static_cast<uint8_t>(byte), absl::kZeroPad2));
  }
  return name;
}

// Characters that begin in `token`.
int64_t NumCharacters(absl::string_view token) {
  return std::count_if(token.begin(), token.end(), [](char byte) {
    return (static_cast<uint8_t>(byte) & 0xc0) != 0x80;
  });
}

class CompletionLogprobs : public LogprobsText {
 public:
  void AddFirst(absl::string_view token) override {
    AddToken(token);
    absl::StrAppend(&logprobs_, separator_, "null");
    absl::StrAppend(&tops_, separator_, "null");
    separator_ = ",";
  }

  void Add(const v1::TokenLogprobs& token) override {
    AddToken(token.chosen().text());
    absl::StrAppend(&logprobs_, separator_);
    AppendJsonNumber(std::max(token.chosen().logprob(), kLeast), &logprobs_);
    absl::StrAppend(&tops_, separator_);
    AddTop(token);
    separator_ = ",";
  }

  void Take(std::string* json) override {
    absl::StrAppend(json, "{\"tokens\":[", tokens_, "],\"token_logprobs\":[",
                    logprobs_, "],\"top_logprobs\":[", tops_);
    absl::StrAppend(json, "],\"text_offset\":[", offsets_, "]}");
    for (std::string* list : {&tokens_, &logprobs_, &tops_, &offsets_}) {
      list->clear();
    }
    separator_ = "";
  }

 private:
  void AddToken(absl::string_view token) {
    absl::StrAppend(&tokens_, separator_);
    AppendJsonString(TokenName(token), &tokens_);
    absl::StrAppend(&offsets_, separator_, offset_);
    offset_ += NumCharacters(token);
  }

  // The likeliest, and the chosen one if it is not among them. A name stands
  // once: two tokens may have the same text.
  void AddTop(const v1::TokenLogprobs& token) {
    std::vector<std::string> names;
    const auto add = [&](const v1::TokenLogprob& top) {
      std::string name = TokenName(top.text());
      if (std::find(names.begin(), names.end(), name) != names.end()) return;
      if (!names.empty()) tops_.push_back(',');
      AppendJsonString(name, &tops_);
      tops_.push_back(':');
      AppendJsonNumber(std::max(top.logprob(), kLeast), &tops_);
      names.push_back(std::move(name));
    };
    tops_.push_back('{');
    for (const v1::TokenLogprob& top : token.top()) add(top);
    add(token.chosen());
    tops_.push_back('}');
  }

  // The elements of each list, with commas.
  std::string tokens_;
  std::string logprobs_;
  std::string tops_;
  std::string offsets_;
  absl::string_view separator_ = "";
  int64_t offset_ = 0;
};

}  // namespace

std::unique_ptr<LogprobsText> NewCompletionLogprobs() {
  return std::make_unique<CompletionLogprobs>();
}

}  // namespace tessera::gateway
