// One case of the tests' JSON: a template, what it is given, what it renders.
#pragma once

#include "libs/chat_template/chat_template.h"
#include "nlohmann/json.hpp"

namespace tessera::chat_template {

// The input fields of a case: `messages`, `add_generation_prompt`,
// `special_tokens`, `variables`, `now`; each may be left out.
RenderInput InputFromJson(const nlohmann::ordered_json& line);

// {"segments": [["text", true], ...]} or {"error": "..."}.
nlohmann::ordered_json RenderLine(const nlohmann::ordered_json& line);

}  // namespace tessera::chat_template
