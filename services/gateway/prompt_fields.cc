#include "services/gateway/prompt_fields.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "services/gateway/content_field.h"
#include "services/gateway/request_fields.h"

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;

absl::StatusOr<std::string> ReadRole(const JsonField& field) {
  ASSIGN_OR_RETURN(std::string role, field.String());
  if (role == "developer") return std::string("system");
  if (role == "system" || role == "user" || role == "assistant") return role;
  return field.MustBe("system, developer, user or assistant");
}

absl::StatusOr<v1::Prompt> ReadTextPrompt(const JsonField& root,
                                          const JsonField& field,
                                          const ServedModel& model) {
  v1::Prompt prompt;
  v1::TextPrompt* text = prompt.mutable_text();
  ASSIGN_OR_RETURN(*text->mutable_text(),
                   BoundedText(field, MaxTextBytes(model)));
  bool parse_special = true;
  bool add_special_tokens = true;
  RETURN_IF_ERROR(ReadBool(root, "parse_special", &parse_special));
  RETURN_IF_ERROR(ReadBool(root, "add_special_tokens", &add_special_tokens));
  text->set_parse_special(parse_special);
  text->set_add_special_tokens(add_special_tokens);
  return prompt;
}

absl::StatusOr<v1::Prompt> ReadTokenPrompt(const JsonField& field,
                                           const ServedModel& model) {
  v1::Prompt prompt;
  RETURN_IF_ERROR(ReadTokenIds(field, model,
                               static_cast<size_t>(model.context_len),
                               prompt.mutable_tokens()->mutable_ids()));
  if (prompt.tokens().ids().empty()) {
    return field.Error("must have at least one token");
  }
  return prompt;
}

absl::StatusOr<v1::Prompt> ReadPrompt(const JsonField& root,
                                      const JsonField& field,
                                      const ServedModel& model) {
  if (field.value().is_string()) return ReadTextPrompt(root, field, model);
  if (field.value().is_array()) return ReadTokenPrompt(field, model);
  return field.MustBe("a string or a list of token ids");
}

}  // namespace

absl::StatusOr<v1::Prompt> ReadChatPrompt(const JsonField& root,
                                          const ServedModel& model) {
  const JsonField messages = root.Get("messages");
  if (!messages.value().is_array()) {
    return messages.MustBe("a list of messages");
  }
  const size_t size = messages.value().size();
  if (size == 0 || size > kMaxMessages) {
    return messages.Error(
        absl::StrCat("must have 1 to ", kMaxMessages, " messages, not ", size));
  }
  v1::Prompt prompt;
  for (size_t i = 0; i < size; ++i) {
    const JsonField field = messages.At(i);
    RETURN_IF_ERROR(field.ExpectObject());
    v1::ChatMessage* message = prompt.mutable_chat()->add_messages();
    ASSIGN_OR_RETURN(*message->mutable_role(), ReadRole(field.Get("role")));
    ASSIGN_OR_RETURN(
        *message->mutable_content(),
        ReadContent(field.Get("content"), "\n", MaxTextBytes(model)));
  }
  bool add_generation_prompt = true;
  RETURN_IF_ERROR(
      ReadBool(root, "add_generation_prompt", &add_generation_prompt));
  prompt.mutable_chat()->set_add_generation_prompt(add_generation_prompt);
  return prompt;
}

absl::StatusOr<std::vector<v1::Prompt>> ReadPrompts(const JsonField& root,
                                                    const ServedModel& model) {
  const JsonField field = root.Get("prompt");
  const nlohmann::json& value = field.value();
  const bool is_list_of_prompts =
      value.is_array() && !value.empty() && !value[0].is_number();
  std::vector<v1::Prompt> prompts;
  if (!is_list_of_prompts) {
    ASSIGN_OR_RETURN(v1::Prompt prompt, ReadPrompt(root, field, model));
    prompts.push_back(std::move(prompt));
    return prompts;
  }
  if (value.size() > kMaxPrompts) {
    return field.Error(absl::StrCat("must have at most ", kMaxPrompts,
                                    " prompts, not ", value.size()));
  }
  for (size_t i = 0; i < value.size(); ++i) {
    ASSIGN_OR_RETURN(v1::Prompt prompt, ReadPrompt(root, field.At(i), model));
    prompts.push_back(std::move(prompt));
  }
  return prompts;
}

absl::Status ReadTokenIds(const JsonField& field, const ServedModel& model,
                          size_t max_ids,
                          google::protobuf::RepeatedField<int32_t>* ids) {
  ASSIGN_OR_RETURN(const size_t size, field.ArraySize());
  if (size > max_ids) {
    return field.Error(
        absl::StrCat("must have at most ", max_ids, " tokens, not ", size));
  }
  ids->Reserve(static_cast<int>(size));
  for (size_t i = 0; i < size; ++i) {
    // The path is made for an error only.
    const nlohmann::json& value = field.value()[i];
    const auto* id = value.get_ptr<const uint64_t*>();
    if (id == nullptr || *id >= static_cast<uint64_t>(model.vocab_size)) {
      return field.At(i).MustBe(
          absl::StrCat("a token id from 0 to ", model.vocab_size - 1));
    }
    ids->Add(static_cast<int32_t>(*id));
  }
  return absl::OkStatus();
}

}  // namespace tessera::gateway
