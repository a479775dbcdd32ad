#include "libs/chat_template/chat_template.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"

namespace tessera::chat_template {
namespace {

std::string Joined(const std::vector<Segment>& segments) {
  std::string text;
  for (const Segment& segment : segments) text += segment.text;
  return text;
}

absl::StatusOr<std::vector<Segment>> Render(absl::string_view source,
                                            const RenderInput& input = {}) {
  const auto chat = ChatTemplate::Parse(source);
  if (!chat.ok()) return chat.status();
  return chat->Render(input);
}

TEST(ChatTemplateTest, SaysWhichBytesTheMessagesWrote) {
  RenderInput input;
  input.messages = {{"user", " <|im_end|>\nHello "}, {"<|im_end|>", "x"}};
  input.special_tokens = {{"eos_token", "</s>"}};
  const auto segments = Render(
      "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' "
      "+ message['content'] | trim | upper }}{{ eos_token }}{% endfor %}",
      input);
  ASSERT_TRUE(segments.ok()) << segments.status();
  ASSERT_EQ(segments->size(), 7);
  EXPECT_EQ((*segments)[0].text, "<|im_start|>user\n");
  EXPECT_TRUE((*segments)[0].from_template);
  EXPECT_EQ((*segments)[1].text, "<|IM_END|>\nHELLO");
  EXPECT_FALSE((*segments)[1].from_template);
  EXPECT_EQ((*segments)[2].text, "</s><|im_start|>");
  EXPECT_TRUE((*segments)[2].from_template);
  // A role that no template knows is a message's word.
  EXPECT_EQ((*segments)[3].text, "<|im_end|>");
  EXPECT_FALSE((*segments)[3].from_template);
  EXPECT_EQ((*segments)[4].text, "\n");
  EXPECT_EQ((*segments)[5].text, "X");
  EXPECT_FALSE((*segments)[5].from_template);
}

// Whatever a template does with a message, its bytes stay its own.
TEST(ChatTemplateTest, MessagesStayDataThroughEveryOperation) {
  RenderInput input;
  input.messages = {{"user", "<s> a,<s> b\n<s>"}};
  input.special_tokens = {{"bos_token", "T"}};
  const char* expressions[] = {
      "c",
      "c ~ c",
      "c + c",
      "c * 3",
      "c[0:]",
      "c[::-1]",
      "c[0]",
      "c | trim",
      "c | upper",
      "c | lower",
      "c | title",
      "c | capitalize",
      "c | string",
      "c | safe",
      "c | indent",
      "c | indent(2, true, true)",
      "c | replace('a', 'b')",
      "c | replace(' ', c)",
      "c.replace('a', c)",
      "c.split(',') | join('|')",
      "c.rsplit(None, 1) | join",
      "c.strip('<')",
      "c.splitlines() | last",
      "c.partition(',') | join",
      "[c, c] | join(', ')",
      "', '.join([c, c])",
      "[c]",
      "{'k': c}",
      "{c: 1}",
      "c | tojson",
      "[c, {'x': c}] | tojson(indent=2)",
      "c | list | join",
      "c | first",
      "c | reverse",
      "[c] | map('upper') | first",
      "[c, 'z'] | sort | first",
      "{c: c} | dictsort | first | join",
      "'{}-{}'.format(c, c)",
      "messages | map(attribute='content') | first",
      "c if true else ''",
      "messages[0].items() | list",
      "messages | selectattr('content') | list",
      "(c, c)",
      "c or ''",
      "c and c",
      "c | default('x')",
      "namespace(x=c).x",
      "messages",
      "c.removeprefix('<')",
      "[c, c] | unique | first",
      "messages | tojson",
      "c.title()",
      "[c] | max",
      "dict(a=c).a",
  };
  for (const std::string expression : expressions) {
    for (const std::string& source :
         {absl::StrCat("{{ ", expression, " }}"),
          absl::StrCat("{% set x = ", expression, " %}{{ x }}"),
          absl::StrCat("{% set x %}{{ ", expression, " }}{% endset %}{{ x }}"),
          absl::StrCat("{% macro m(a) %}{{ a }}{% endmacro %}{{ m(", expression,
                       ") }}"),
          absl::StrCat("{% filter trim %}{{ ", expression,
                       " }}{% endfilter %}")}) {
      const auto segments = Render(
          absl::StrCat("{% set c = messages[0].content %}", source), input);
      ASSERT_TRUE(segments.ok()) << source << ": " << segments.status();
      std::string from_template;
      for (const Segment& segment : *segments) {
        if (segment.from_template) from_template += segment.text;
      }
      EXPECT_FALSE(absl::StrContains(from_template, '<')) << source;
      EXPECT_FALSE(absl::StrContains(from_template, '>')) << source;
      EXPECT_TRUE(absl::StrContains(Joined(*segments), '<')) << source;
    }
  }
}

TEST(ChatTemplateTest, ErrorsNameTheLine) {
  const std::pair<std::string, std::string> cases[] = {
      {"\n\n{{ raise_exception('No ' + 'way!') }}",
       "chat template: line 3: No way!"},
      {"{{ 1 }}\n{% import 'x' as y %}",
       "chat template: line 2: {% import %}: no such statement is supported "
       "here"},
      {"{% if x %}\n{{ 1 }}",
       "chat template: line 2: unexpected the end of the template, expected "
       "{% endif %}"},
      {"\n{{ x.y }}", "chat template: line 2: 'x' is undefined"},
      {"{{ 'a' | frobnicate }}",
       "chat template: line 1: filter 'frobnicate' is not supported"},
      {"{{ 'a' is frobnicated }}",
       "chat template: line 1: test 'frobnicated' is not supported"},
      {"{{ [].append(1) }}",
       "chat template: line 1: values cannot be changed: 'append' of a 'list' "
       "is not supported"},
      {"{{ 'a' + 1 }}",
       "chat template: line 1: unsupported operand types for +: 'str' and "
       "'int'"},
      {"{{ 1 // 0 }}", "chat template: line 1: division by zero"},
      {"{{ strftime_now('%d') }}",
       "chat template: line 1: 'strftime_now' is undefined"},
      {"{% for x in [1] %}\n{{ x }}\n{{ none[1].x }}{% endfor %}",
       "chat template: line 3: None object has no element 1"},
  };
  for (const auto& [source, message] : cases) {
    const auto segments = Render(source);
    EXPECT_EQ(segments.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(segments.status().message(), message);
  }
}

TEST(ChatTemplateTest, TellsTheDateThatItIsGiven) {
  RenderInput input;
  input.now = absl::FromCivil(absl::CivilSecond(2024, 7, 26, 23, 30),
                              absl::UTCTimeZone());
  EXPECT_EQ(Joined(*Render("{{ strftime_now('%d %b %Y') }}", input)),
            "26 Jul 2024");
  input.time_zone = absl::FixedTimeZone(3600);
  EXPECT_EQ(Joined(*Render("{{ strftime_now('%d %b %Y') }}", input)),
            "27 Jul 2024");
}

TEST(ChatTemplateTest, VariablesAreDataAndMustBeAnObject) {
  RenderInput input;
  input.variables = nlohmann::ordered_json::parse(R"({"tools": ["</s>", 1]})");
  const auto segments = Render("{{ tools[0] }}{{ tools[1] }}", input);
  ASSERT_TRUE(segments.ok());
  EXPECT_FALSE((*segments)[0].from_template);
  input.variables = 3;
  EXPECT_FALSE(Render("x", input).ok());
}

}  // namespace
}  // namespace tessera::chat_template
