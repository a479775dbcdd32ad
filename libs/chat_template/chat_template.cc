#include "libs/chat_template/chat_template.h"

#include "absl/algorithm/container.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/interpreter.h"
#include "libs/chat_template/json.h"
#include "libs/chat_template/parser.h"

namespace tessera::chat_template {
namespace {

constexpr absl::string_view kWhere = "chat template";

Origin OriginOfRole(absl::string_view role) {
  constexpr absl::string_view kKnown[] = {"system", "user",      "assistant",
                                          "tool",   "developer", "function",
                                          "ipython"};
  return absl::c_linear_search(kKnown, role) ? Origin::kTemplate
                                             : Origin::kData;
}

absl::StatusOr<Value> MessageValue(const Message& message, Budget* budget) {
  ASSIGN_OR_RETURN(
      Value role,
      MakeText(Text(message.role, OriginOfRole(message.role)), budget));
  ASSIGN_OR_RETURN(Value content,
                   MakeText(Text(message.content, Origin::kData), budget));
  const auto name = [](absl::string_view key) {
    return Value::FromText(Text(key, Origin::kTemplate));
  };
  std::vector<std::pair<Value, Value>> items;
  items.emplace_back(name("role"), std::move(role));
  items.emplace_back(name("content"), std::move(content));
  return MakeDict(std::move(items), budget);
}

// The messages of `variables` know their roles too.
absl::StatusOr<Value> WithKnownRoles(const Value& messages, Budget* budget) {
  if (!messages.is_list()) return messages;
  std::vector<Value> result;
  for (const Value& message : messages.list()->items) {
    result.push_back(message);
    if (!message.is_dict()) continue;
    std::vector<std::pair<Value, Value>> items = message.dict()->items;
    for (auto& [key, value] : items) {
      if (key.text()->bytes() != "role" || !value.is_text()) continue;
      const absl::string_view role = value.text()->bytes();
      value = Value::FromText(Text(role, OriginOfRole(role)));
    }
    ASSIGN_OR_RETURN(result.back(), MakeDict(std::move(items), budget));
  }
  return MakeList(std::move(result), budget);
}

void SetFunctions(bool has_clock, Interpreter* interpreter) {
  for (const char* name :
       {"range", "namespace", "dict", "raise_exception", "strftime_now"}) {
    if (!has_clock && name == absl::string_view("strftime_now")) continue;
    interpreter->SetVariable(name,
                             Value(std::make_shared<const Callable>(
                                 Callable{name, nullptr, nullptr, nullptr})));
  }
}

absl::Status SetVariables(const nlohmann::ordered_json& variables,
                          Interpreter* interpreter) {
  if (variables.is_null()) return absl::OkStatus();
  if (!variables.is_object()) {
    return absl::InvalidArgumentError("variables must be an object");
  }
  for (auto it = variables.begin(); it != variables.end(); ++it) {
    ASSIGN_OR_RETURN(Value value,
                     FromJson(*it, Origin::kData, interpreter->budget()));
    if (it.key() == "messages") {
      ASSIGN_OR_RETURN(value, WithKnownRoles(value, interpreter->budget()));
    }
    interpreter->SetVariable(it.key(), std::move(value));
  }
  return absl::OkStatus();
}

absl::Status SetInput(const RenderInput& input, Interpreter* interpreter) {
  SetFunctions(input.now.has_value(), interpreter);
  for (const auto& [name, text] : input.special_tokens) {
    interpreter->SetVariable(name,
                             Value::FromText(Text(text, Origin::kTemplate)));
  }
  interpreter->SetVariable("add_generation_prompt",
                           Value(input.add_generation_prompt));
  std::vector<Value> messages;
  for (const Message& message : input.messages) {
    ASSIGN_OR_RETURN(Value value, MessageValue(message, interpreter->budget()));
    messages.push_back(std::move(value));
  }
  ASSIGN_OR_RETURN(Value list,
                   MakeList(std::move(messages), interpreter->budget()));
  interpreter->SetVariable("messages", std::move(list));
  return SetVariables(input.variables, interpreter);
}

std::vector<Segment> ToSegments(const Text& text) {
  std::vector<Segment> segments;
  size_t begin = 0;
  for (const Text::Run& run : text.runs()) {
    segments.push_back(
        {std::string(text.bytes().substr(begin, run.end - begin)),
         run.origin == Origin::kTemplate});
    begin = run.end;
  }
  return segments;
}

}  // namespace

absl::StatusOr<ChatTemplate> ChatTemplate::Parse(absl::string_view source,
                                                 const Limits& limits) {
  absl::StatusOr<Body> body = ParseTemplate(source, limits);
  if (!body.ok()) return Annotate(body.status(), kWhere);
  return ChatTemplate(*std::move(body), limits);
}

absl::StatusOr<std::vector<Segment>> ChatTemplate::Render(
    const RenderInput& input) const {
  std::optional<Clock> clock;
  if (input.now.has_value()) clock = Clock{*input.now, input.time_zone};
  Interpreter interpreter(limits_, clock);
  RETURN_IF_ERROR(Annotate(SetInput(input, &interpreter), kWhere));
  const absl::StatusOr<Text> text = interpreter.Run(*body_);
  if (!text.ok()) return Annotate(text.status(), kWhere);
  return ToSegments(*text);
}

}  // namespace tessera::chat_template
