#include "services/verifier/prefix/shared_prefixes.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/json/json.h"
#include "libs/json/json_field.h"
#include "libs/log/log.h"

namespace tessera::verifier {
namespace {

absl::StatusOr<std::string> ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError("cannot be opened");
  std::string text(kMaxSharedPrefixBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return absl::InvalidArgumentError("cannot be read");
  text.resize(file.gcount());
  if (text.size() > kMaxSharedPrefixBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("has more than ", kMaxSharedPrefixBytes, " bytes"));
  }
  return text;
}

absl::StatusOr<v1::ChatMessage> ReadMessage(const JsonField& field) {
  RETURN_IF_ERROR(field.ExpectObject());
  v1::ChatMessage message;
  ASSIGN_OR_RETURN(std::string role, field.Get("role").String());
  if (role == "developer") role = "system";  // as the API does
  if (role != "system" && role != "user" && role != "assistant") {
    return field.Get("role").MustBe("system, developer, user or assistant");
  }
  message.set_role(role);
  ASSIGN_OR_RETURN(*message.mutable_content(), field.Get("content").String());
  return message;
}

absl::StatusOr<v1::Prompt> ReadMessages(const std::string& text) {
  ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson(text));
  const JsonField messages = JsonField(&json, "").Get("messages");
  ASSIGN_OR_RETURN(const size_t size, messages.ArraySize());
  if (size == 0) return messages.Error("must have at least one message");
  v1::Prompt prompt;
  for (size_t i = 0; i < size; ++i) {
    ASSIGN_OR_RETURN(*prompt.mutable_chat()->add_messages(),
                     ReadMessage(messages.At(i)));
  }
  prompt.mutable_chat()->set_add_generation_prompt(false);
  return prompt;
}

absl::StatusOr<v1::Prompt> ReadPrompt(std::string text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != text.npos && text[first] == '{') return ReadMessages(text);
  v1::Prompt prompt;
  prompt.mutable_text()->set_text(std::move(text));
  return prompt;
}

absl::StatusOr<std::vector<int32_t>> ReadTokens(const std::string& path,
                                                const Words& words,
                                                int64_t context_len,
                                                int block_tokens) {
  ASSIGN_OR_RETURN(std::string text, ReadAll(path));
  ASSIGN_OR_RETURN(const v1::Prompt prompt, ReadPrompt(std::move(text)));
  ASSIGN_OR_RETURN(std::vector<int32_t> tokens, words.Tokens(prompt));
  const auto num_tokens = static_cast<int64_t>(tokens.size());
  if (num_tokens < block_tokens) {
    return absl::InvalidArgumentError(absl::StrCat(
        "has ", num_tokens, " tokens; nothing of it could be shared, as whole ",
        "blocks of ", block_tokens,
        " tokens are: make it longer, or leave it"));
  }
  if (num_tokens > context_len) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", num_tokens, " tokens: too many for a context of ",
                     context_len));
  }
  tokens.resize(num_tokens / block_tokens * block_tokens);
  log::Event(log::kInfo, "shared prefix",
             {{"file", path},
              {"tokens", num_tokens},
              {"shared_tokens", static_cast<int64_t>(tokens.size())}});
  return tokens;
}

}  // namespace

absl::StatusOr<SharedPrefixes> SharedPrefixes::Load(
    absl::Span<const std::string> files, const Words& words,
    int64_t context_len, int block_tokens) {
  SharedPrefixes shared;
  shared.block_tokens_ = block_tokens;
  for (const std::string& file : files) {
    absl::StatusOr<std::vector<int32_t>> tokens =
        ReadTokens(file, words, context_len, block_tokens);
    if (!tokens.ok()) {
      return absl::Status(tokens.status().code(),
                          absl::StrCat("shared prefix ", file, ": ",
                                       tokens.status().message()));
    }
    shared.prefixes_.push_back(*std::move(tokens));
  }
  return shared;
}

int64_t SharedPrefixes::NumTokens(absl::Span<const int32_t> prompt) const {
  int64_t most = 0;
  for (const std::vector<int32_t>& prefix : prefixes_) {
    const auto [end, _] = std::mismatch(prefix.begin(), prefix.end(),
                                        prompt.begin(), prompt.end());
    most = std::max<int64_t>(most, end - prefix.begin());
  }
  return most / block_tokens_ * block_tokens_;
}

}  // namespace tessera::verifier
