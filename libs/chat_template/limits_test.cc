// Hostile templates end with an error, soon.
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/chat_template/chat_template.h"

namespace tessera::chat_template {
namespace {

std::string Repeat(absl::string_view text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += std::string(text);
  return result;
}

absl::Status Render(const std::string& source, int content_bytes = 10) {
  const auto chat = ChatTemplate::Parse(source);
  if (!chat.ok()) return chat.status();
  RenderInput input;
  input.messages = {{"user", std::string(content_bytes, 'a')}};
  return chat->Render(input).status();
}

TEST(LimitsTest, RenderingIsBounded) {
  const std::string content = "{% set c = messages[0].content %}";
  const std::string sources[] = {
      "{% for i in range(10**9) %}{% endfor %}",
      "{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}"
      "{% endfor %}",
      "{{ range(0, -10**15, -1) | list }}",
      "{% set ns = namespace(s='x') %}{% for i in range(99999) %}"
      "{% set ns.s = ns.s + ns.s %}{% endfor %}",
      "{% set ns = namespace(s=[1]) %}{% for i in range(99999) %}"
      "{% set ns.s = ns.s + ns.s %}{% endfor %}",
      "{% set ns = namespace(s=[1]) %}{% for i in range(99999) %}"
      "{% set ns.s = [ns.s] %}{% endfor %}",
      "{% set ns = namespace(s={}) %}{% for i in range(99999) %}"
      "{% set ns.s = {'a': ns.s, 'b': ns.s} %}{% endfor %}",
      "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}"
      "{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
      "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}"
      "{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s | tojson }}",
      "{% set ns = namespace(s=[1], t=[1]) %}{% for i in range(60) %}"
      "{% set ns.s = [ns.s, ns.s] %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}"
      "{{ ns.s == ns.t }}",
      "{% set ns = namespace(l=0) %}{% for i in range(99999) %}"
      "{% for x in [ns.l] %}{% set ns.l = loop %}{% endfor %}{% endfor %}",
      "{{ 'x' * 10**12 }}",
      "{{ [1] * 10**12 }}",
      "{{ ('x' * 10**7) * 3 }}{{ ('x' * 10**7) }}",
      "{{ 'x' | indent(10**12) }}",
      "{{ ('\n' * 10**6) | indent(10**4) }}",
      "{{ ('x' * 10**6).replace('', 'y' * 10**3) }}",
      "{{ ('x' * 10**5) | list | join('y' * 10**5) }}",
      "{{ (',' * 10**7).split(',') }}",
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% macro m(x) %}{{ caller() }}{% endmacro %}"
      "{% macro n() %}{% call m(1) %}{{ n() }}{% endcall %}{% endmacro %}"
      "{{ n() }}",
      absl::StrCat("{{ 'x' | map(", Repeat("'map',", 5000), "'upper') }}"),
      // Searches are linear, and what they read is counted.
      content + "{% for i in range(99999) %}{{ c ~ 'b' in c }}{% endfor %}",
      content + "{% for i in range(99999) %}{{ c.strip(c) }}{% endfor %}",
      content +
          "{% for i in range(99999) %}{{ c.rsplit('a', i) | length }}"
          "{% endfor %}",
      content +
          "{% for i in range(99999) %}{{ c | upper | length }}"
          "{% endfor %}",
      content + "{{ c.strip(c ~ 'b' * 10**6) }}",
      "{% set l = range(99999) | list %}{{ l | unique | list | length }}",
  };
  for (const std::string& source : sources) {
    const absl::Status status = Render(source, 1 << 20);
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted)
        << source.substr(0, 200) << ": " << status;
  }
}

TEST(LimitsTest, SortingAndSearchingLongListsEnds) {
  EXPECT_TRUE(Render("{{ (range(99999) | reverse | list | sort)[0] }}").ok());
  EXPECT_TRUE(Render("{{ 'b' in messages[0].content }}", 16 << 20).ok());
}

TEST(LimitsTest, ParsingIsBounded) {
  const std::string sources[] = {
      "{{ " + Repeat("(", 100000) + "1" + Repeat(")", 100000) + " }}",
      "{{ " + Repeat("[", 100000) + Repeat("]", 100000) + " }}",
      "{{ " + Repeat("{'a':", 40000) + "1" + Repeat("}", 40000) + " }}",
      "{{ " + Repeat("-", 100000) + "1 }}",
      "{{ " + Repeat("not ", 50000) + "1 }}",
      "{{ 1" + Repeat("+1", 100000) + " }}",
      "{{ 1" + Repeat("**1", 80000) + " }}",
      "{{ 1" + Repeat(" or 1", 40000) + " }}",
      "{{ 1" + Repeat(" if 1 else 1", 20000) + " }}",
      "{{ x" + Repeat(".x", 100000) + " }}",
      "{{ x" + Repeat("[0]", 80000) + " }}",
      "{{ x" + Repeat("()", 100000) + " }}",
      "{{ x" + Repeat("|x", 100000) + " }}",
      "{{ x" + Repeat(" is x", 50000) + " }}",
      Repeat("{% if 1 %}", 20000),
      Repeat("{% for x in y %}", 15000),
      Repeat("{% macro x() %}", 15000),
      std::string(300 << 10, 'x'),
      "{% raw %}" + Repeat("{%", 100000),
      Repeat("{#", 100000),
      "{{ '" + Repeat("\\'", 100000),
      "{{ 1" + Repeat("0", 100) + " }}",
      "{{ '\\x4' }}",
      "{{ '\\ud800' }}",
      "{{ \xff }}",
      "{% set x %}",
      "{% for true %}",
      "{{",
      "{%",
      "{{ a b }}",
      "{{ (a] }}",
      "{% break %}",
      "{% for x in y %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}",
  };
  for (const std::string& source : sources) {
    const auto chat = ChatTemplate::Parse(source);
    EXPECT_EQ(chat.status().code(), absl::StatusCode::kInvalidArgument)
        << source.substr(0, 100);
  }
  // Long, and flat.
  EXPECT_TRUE(ChatTemplate::Parse("{{ 1" + Repeat(" ~ 1", 20000) + " }}").ok());
  EXPECT_TRUE(ChatTemplate::Parse("{% if 1 %}" + Repeat("{% elif 1 %}", 10000) +
                                  "{% endif %}")
                  .ok());
}

TEST(LimitsTest, VariablesMayNotNestForever) {
  const auto chat = ChatTemplate::Parse("{{ x }}");
  ASSERT_TRUE(chat.ok());
  RenderInput input;
  nlohmann::ordered_json nested = 1;
  for (int i = 0; i < 1000; ++i) {
    nested = nlohmann::ordered_json::array({std::move(nested)});
  }
  input.variables["x"] = std::move(nested);
  EXPECT_EQ(chat->Render(input).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tessera::chat_template
