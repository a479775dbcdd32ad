#include "libs/chat_template/render_line.h"

#include <string>
#include <utility>

namespace tessera::chat_template {
namespace {

using Json = nlohmann::ordered_json;

Json Error(const absl::Status& status) {
  return Json{{"error", std::string(status.message())}};
}

}  // namespace

RenderInput InputFromJson(const Json& line) {
  RenderInput input;
  const auto find = [&](const char* name) -> const Json* {
    const auto found = line.find(name);
    return found == line.end() ? nullptr : &*found;
  };
  // Through variables: the cases' messages have more than two fields.
  input.variables = Json::object();
  if (const Json* variables = find("variables")) input.variables = *variables;
  if (const Json* messages = find("messages")) {
    input.variables["messages"] = *messages;
  }
  if (const Json* flag = find("add_generation_prompt")) {
    input.add_generation_prompt = *flag == true;
  }
  if (const Json* tokens = find("special_tokens")) {
    for (auto it = tokens->begin(); it != tokens->end(); ++it) {
      input.special_tokens[it.key()] = *it->get_ptr<const std::string*>();
    }
  }
  if (const Json* now = find("now")) {
    input.now = absl::FromUnixSeconds(*now->get_ptr<const int64_t*>());
  }
  return input;
}

Json RenderLine(const Json& line) {
  if (!line.is_object() || !line.contains("template")) {
    return Json{{"error", "not a JSON object with a template"}};
  }
  const auto chat =
      ChatTemplate::Parse(*line["template"].get_ptr<const std::string*>());
  if (!chat.ok()) return Error(chat.status());
  const auto segments = chat->Render(InputFromJson(line));
  if (!segments.ok()) return Error(segments.status());
  Json list = Json::array();
  for (const Segment& segment : *segments) {
    list.push_back(Json::array({segment.text, segment.from_template}));
  }
  return Json{{"segments", std::move(list)}};
}

}  // namespace tessera::chat_template
