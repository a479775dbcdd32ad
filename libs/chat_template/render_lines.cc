// Renders JSON lines, for comparisons with other engines
// (testdata/generate.py).
//
// Each line of standard input is an object with `template` and, as far as
// given, `messages`, `add_generation_prompt`, `special_tokens`, `variables` and
// `now` (seconds since 1970). Each line of standard output holds `segments`
// (pairs of text and from_template) or `error`.
#include <iostream>
#include <string>
#include <utility>

#include "libs/chat_template/chat_template.h"
#include "libs/chat_template/render_line.h"

int main() {
  std::ios::sync_with_stdio(false);
  std::string line;
  while (std::getline(std::cin, line)) {
    const nlohmann::ordered_json result = tessera::chat_template::RenderLine(
        nlohmann::ordered_json::parse(line, nullptr, false));
    using Json = nlohmann::ordered_json;
    std::cout << result.dump(-1, ' ', false, Json::error_handler_t::replace)
              << "\n";
  }
}
