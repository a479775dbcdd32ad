#include "services/gateway/generation_request.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/json/json.h"
#include "services/gateway/tokenize_request.h"

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;

const ServedModel& Model() {
  static const auto* const model = new ServedModel{{"tiny", "alias"}, 100, 256};
  return *model;
}

constexpr int64_t kMaxRequestTokens = 1000;

// The object with the members of `more` added or replaced.
nlohmann::json With(nlohmann::json base, absl::string_view more) {
  base.update(*ParseJson(absl::StrCat("{", more, "}")));
  return base;
}

absl::StatusOr<GenerationRequest> Chat(absl::string_view more) {
  const nlohmann::json json = With(
      *ParseJson(R"({"messages": [{"role": "user", "content": "hi"}]})"), more);
  return ParseChatRequest(JsonField(&json, ""), Model(), kMaxRequestTokens);
}

absl::StatusOr<GenerationRequest> Completion(absl::string_view more) {
  const nlohmann::json json = With(*ParseJson(R"({"prompt": "hi"})"), more);
  return ParseCompletionRequest(JsonField(&json, ""), Model(),
                                kMaxRequestTokens);
}

void ExpectNamed(const absl::Status& status, absl::string_view more,
                 absl::string_view field) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << more;
  EXPECT_TRUE(absl::StartsWith(status.message(), field))
      << more << ": " << status;
}

struct BadField {
  absl::string_view field;  // what the message starts with
  absl::string_view more;   // members of the request
};

class BadSharedFieldTest : public testing::TestWithParam<BadField> {};

TEST_P(BadSharedFieldTest, IsRefusedByName) {
  ExpectNamed(Chat(GetParam().more).status(), GetParam().more,
              GetParam().field);
  ExpectNamed(Completion(GetParam().more).status(), GetParam().more,
              GetParam().field);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadSharedFieldTest,
    testing::Values(
        BadField{"temperature:", R"("temperature": -0.1)"},
        BadField{"temperature:", R"("temperature": 1e9)"},
        BadField{"temperature:", R"("temperature": "hot")"},
        BadField{"temperature:", R"("temperature": [1])"},
        BadField{"top_p:", R"("top_p": 0)"},
        BadField{"top_p:", R"("top_p": 1e-60)"},
        BadField{"top_p:", R"("top_p": 1.5)"},
        BadField{"min_p:", R"("min_p": 2)"},
        BadField{"top_k:", R"("top_k": -5)"},
        BadField{"top_k:", R"("top_k": 1.5)"},
        BadField{"top_k:", R"("top_k": 4294967296)"},
        BadField{"repetition_penalty:", R"("repetition_penalty": 0)"},
        BadField{"presence_penalty:", R"("presence_penalty": 99)"},
        BadField{"frequency_penalty:", R"("frequency_penalty": "a")"},
        BadField{"logit_bias:", R"("logit_bias": {"x": 1})"},
        BadField{"logit_bias:", R"("logit_bias": {"": 1})"},
        BadField{"logit_bias:", R"("logit_bias": {"-1": 1})"},
        BadField{"logit_bias:", R"("logit_bias": {" 1": 1})"},
        BadField{"logit_bias:", R"("logit_bias": {"256": 1})"},
        BadField{"logit_bias:", R"("logit_bias": {"999999999999": 1})"},
        BadField{"logit_bias:", R"("logit_bias": {"1": 1, "01": 2})"},
        BadField{"logit_bias:", R"("logit_bias": [1])"},
        BadField{"logit_bias.5:", R"("logit_bias": {"5": 1000})"},
        BadField{"logit_bias.5:", R"("logit_bias": {"5": "1"})"},
        BadField{"min_tokens:", R"("min_tokens": -1)"},
        BadField{"min_tokens:", R"("min_tokens": 10, "max_tokens": 9)"},
        BadField{"stop_token_ids[0]:", R"("stop_token_ids": ["x"])"},
        BadField{"stop_token_ids[1]:", R"("stop_token_ids": [1, 256])"},
        BadField{"stop_token_ids:", R"("stop_token_ids": 7)"},
        BadField{"seed:", R"("seed": "a")"},
        BadField{"seed:", R"("seed": 1.5)"},
        BadField{"seed:", R"("seed": 18446744073709551616)"},
        BadField{"n:", R"("n": 0)"}, BadField{"n:", R"("n": 100000)"},
        BadField{"n:", R"("n": "1")"},
        BadField{"n:", R"("n": 128, "max_tokens": 50)"},
        BadField{"max_tokens:", R"("max_tokens": -1)"},
        BadField{"max_tokens:", R"("max_tokens": 0)"},
        BadField{"max_tokens:", R"("max_tokens": 1.5)"},
        BadField{"max_tokens:", R"("max_tokens": 101)"},
        BadField{"max_tokens:", R"("max_tokens": 1000000000000)"},
        BadField{"stop:", R"("stop": 7)"}, BadField{"stop:", R"("stop": "")"},
        BadField{"stop[1]:", R"("stop": ["a", 7])"},
        BadField{"stop[0]:", R"("stop": [""])"},
        BadField{"stop:", R"("stop": ["1","2","3","4","5","6","7","8","9",
                             "10","11","12","13","14","15","16","17"])"},
        BadField{"ignore_eos:", R"("ignore_eos": 1)"},
        BadField{"priority:", R"("priority": "high")"},
        BadField{"priority:", R"("priority": 3000000000)"},
        BadField{"cache_salt:", R"("cache_salt": 7)"},
        BadField{"max_draft_tokens:", R"("max_draft_tokens": -1)"},
        BadField{"max_draft_tokens:", R"("max_draft_tokens": "none")"},
        BadField{"stream:", R"("stream": "yes")"},
        BadField{"stream_options:", R"("stream_options": 1, "stream": true)"},
        BadField{"stream_options:",
                 R"("stream_options": {"include_usage": true})"},
        BadField{"stream_options.include_usage:",
                 R"("stream": true, "stream_options": {"include_usage": 1})"},
        BadField{"return_timings:", R"("return_timings": "x")"},
        BadField{"return_token_ids:", R"("return_token_ids": 0)"},
        BadField{"return_token_sources:", R"("return_token_sources": 1)"},
        BadField{"prediction:", R"("prediction": "text")"},
        BadField{"prediction:", R"("prediction": [])"},
        BadField{"prediction.type:", R"("prediction": {})"},
        BadField{"prediction.type:", R"("prediction": {"content": "a"})"},
        BadField{"prediction.type:",
                 R"("prediction": {"type": "text", "content": "a"})"},
        BadField{"prediction.content:", R"("prediction": {"type": "content"})"},
        BadField{"prediction.content:",
                 R"("prediction": {"type": "content", "content": 7})"},
        BadField{"prediction.content:",
                 R"("prediction": {"type": "content", "content": {}})"},
        BadField{"prediction.content[0]:",
                 R"("prediction": {"type": "content", "content": ["a"]})"},
        BadField{"prediction.content[1].type:",
                 R"("prediction": {"type": "content", "content":
                     [{"type": "text", "text": "a"}, {"type": "image_url"}]})"},
        BadField{"prediction.content[0].text:",
                 R"("prediction": {"type": "content", "content":
                     [{"type": "text", "text": null}]})"},
        BadField{"request_id:", R"("request_id": "a b")"},
        BadField{"request_id:", R"("request_id": "a\r\nX: 1")"},
        BadField{"user:", R"("user": {})"}, BadField{"model:", R"("model": 7)"},
        BadField{"model:", R"("model": "a\u0000b")"},
        BadField{"tools:", R"("tools": [{"type": "function"}])"},
        BadField{"tool_choice:", R"("tool_choice": "auto")"},
        BadField{"functions:", R"("functions": [{}])"},
        BadField{"response_format.type:",
                 R"("response_format": {"type": "json_object"})"},
        BadField{"response_format:", R"("response_format": "text")"}));

class BadChatFieldTest : public testing::TestWithParam<BadField> {};

TEST_P(BadChatFieldTest, IsRefusedByName) {
  ExpectNamed(Chat(GetParam().more).status(), GetParam().more,
              GetParam().field);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadChatFieldTest,
    testing::Values(
        BadField{"messages:", R"("messages": [])"},
        BadField{"messages:", R"("messages": null)"},
        BadField{"messages:", R"("messages": "hello")"},
        BadField{"messages[0]:", R"("messages": ["x"])"},
        BadField{"messages[0].content:", R"("messages": [{"role": "user"}])"},
        BadField{"messages[0].content:",
                 R"("messages": [{"role": "user", "content": 5}])"},
        BadField{"messages[0].role:", R"("messages": [{"content": "x"}])"},
        BadField{"messages[0].role:",
                 R"("messages": [{"role": "wizard", "content": "x"}])"},
        BadField{"messages[1].role:",
                 R"("messages": [{"role": "user", "content": "x"},
                                 {"role": "tool", "content": "x"}])"},
        BadField{"messages[0].content[0].type:",
                 R"("messages": [{"role": "user", "content":
                     [{"type": "image_url", "image_url": {}}]}])"},
        BadField{"messages[0].content[0].text:",
                 R"("messages": [{"role": "user", "content":
                     [{"type": "text"}]}])"},
        BadField{"logprobs:", R"("logprobs": 5)"},
        BadField{"top_logprobs:", R"("top_logprobs": 5)"},
        BadField{"top_logprobs:", R"("logprobs": true, "top_logprobs": 21)"},
        BadField{"max_completion_tokens:", R"("max_completion_tokens": 0)"},
        BadField{"add_generation_prompt:", R"("add_generation_prompt": "x")"},
        // Up to the context's end each.
        BadField{"n:", R"("n": 11)"}));

class BadCompletionFieldTest : public testing::TestWithParam<BadField> {};

TEST_P(BadCompletionFieldTest, IsRefusedByName) {
  ExpectNamed(Completion(GetParam().more).status(), GetParam().more,
              GetParam().field);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadCompletionFieldTest,
    testing::Values(BadField{"prompt:", R"("prompt": null)"},
                    BadField{"prompt:", R"("prompt": [])"},
                    BadField{"prompt:", R"("prompt": {})"},
                    BadField{"prompt[1]:", R"("prompt": ["a", 1])"},
                    BadField{"prompt[1]:", R"("prompt": [1, "a"])"},
                    BadField{"prompt[1]:", R"("prompt": [1, 256])"},
                    BadField{"prompt[1]:", R"("prompt": [1, -1])"},
                    BadField{"prompt[0]:", R"("prompt": [[]])"},
                    BadField{"prompt[0][0]:", R"("prompt": [[1.5]])"},
                    BadField{"logprobs:", R"("logprobs": 6)"},
                    BadField{"logprobs:", R"("logprobs": true)"},
                    BadField{"echo:", R"("echo": 1)"},
                    BadField{"best_of:", R"("best_of": 2)"},
                    BadField{"suffix:", R"("suffix": "x")"},
                    BadField{"parse_special:", R"("parse_special": 1)"},
                    BadField{"n:", R"("n": 32, "prompt": ["a", "b"])"}));

TEST(GenerationRequestTest, AbsentAndNullMeanTheDefault) {
  for (const absl::string_view more :
       {"\"seed\": null, \"n\": null, \"stop\": null, \"tools\": null, "
        "\"stream\": null, \"model\": null, \"max_tokens\": null, "
        "\"logit_bias\": null, \"logprobs\": null, \"response_format\": null",
        "\"tools\": [], \"tool_choice\": \"none\", "
        "\"response_format\": {\"type\": \"text\"}, \"unknown\": [{}]"}) {
    const absl::StatusOr<GenerationRequest> chat = Chat(more);
    ASSERT_TRUE(chat.ok()) << chat.status();
    EXPECT_EQ(chat->model, "tiny");
    EXPECT_EQ(chat->n, 1);
    EXPECT_FALSE(chat->stream);
    const v1::GenerateRequest& call = chat->calls.at(0);
    EXPECT_FALSE(call.has_max_tokens());
    EXPECT_FALSE(call.has_num_logprobs());
    EXPECT_FALSE(call.sampling().has_seed());
    EXPECT_FALSE(call.sampling().has_temperature());
    EXPECT_EQ(Completion(more)->calls.at(0).max_tokens(), 16);
  }
}

TEST(GenerationRequestTest, SamplingReachesTheVerifier) {
  const auto request = Chat(R"("temperature": 0.5, "top_p": 0.9, "min_p": 0.1,
      "top_k": 40, "repetition_penalty": 1.5, "frequency_penalty": -2,
      "presence_penalty": 2, "logit_bias": {"7": -100, "8": 1.5},
      "min_tokens": 3, "stop_token_ids": [1, 2], "seed": -1,
      "max_tokens": 9, "max_completion_tokens": 8, "stop": ["a", "b"],
      "ignore_eos": true, "priority": -3, "cache_salt": "s", "n": 2,
      "logprobs": true, "top_logprobs": 4, "stream": true, "model": "alias",
      "stream_options": {"include_usage": true}, "return_token_ids": true)");
  ASSERT_TRUE(request.ok()) << request.status();
  const v1::GenerateRequest& call = request->calls.at(0);
  const v1::SamplingParameters& sampling = call.sampling();
  EXPECT_EQ(sampling.temperature(), 0.5f);
  EXPECT_EQ(sampling.top_p(), 0.9f);
  EXPECT_EQ(sampling.min_p(), 0.1f);
  EXPECT_EQ(sampling.top_k(), 40);
  EXPECT_EQ(sampling.repetition_penalty(), 1.5f);
  EXPECT_EQ(sampling.frequency_penalty(), -2);
  EXPECT_EQ(sampling.presence_penalty(), 2);
  EXPECT_EQ(sampling.logit_bias().at(7), -100);
  EXPECT_EQ(sampling.logit_bias().at(8), 1.5f);
  EXPECT_EQ(sampling.min_tokens(), 3);
  EXPECT_EQ(sampling.stop_token_ids(1), 2);
  EXPECT_EQ(sampling.seed(), UINT64_MAX);
  EXPECT_EQ(call.max_tokens(), 8);  // the newer name wins
  EXPECT_EQ(call.stop(1), "b");
  EXPECT_TRUE(call.ignore_eos());
  EXPECT_EQ(call.priority(), -3);
  EXPECT_EQ(call.cache_salt(), "s");
  EXPECT_EQ(call.n(), 2);
  EXPECT_EQ(call.num_logprobs(), 4);
  EXPECT_TRUE(call.stream());
  EXPECT_TRUE(call.return_prompt_token_ids());
  EXPECT_TRUE(request->include_usage);
  EXPECT_EQ(request->model, "alias");
}

TEST(GenerationRequestTest, MessagesReachTheVerifier) {
  const auto request = Chat(R"("messages": [
      {"role": "developer", "content": "be brief"},
      {"role": "user", "name": "u", "content":
          [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
      {"role": "assistant", "content": ""}],
      "add_generation_prompt": false)");
  ASSERT_TRUE(request.ok()) << request.status();
  const v1::ChatPrompt& chat = request->calls.at(0).prompt().chat();
  EXPECT_EQ(chat.messages(0).role(), "system");
  EXPECT_EQ(chat.messages(1).content(), "a\nb");
  EXPECT_EQ(chat.messages(2).role(), "assistant");
  EXPECT_FALSE(chat.add_generation_prompt());
  EXPECT_TRUE(Chat("")->calls.at(0).prompt().chat().add_generation_prompt());
}

TEST(GenerationRequestTest, EveryPromptIsACall) {
  const auto texts =
      Completion(R"("prompt": ["a", "b"], "n": 2, "parse_special": false)");
  ASSERT_TRUE(texts.ok()) << texts.status();
  ASSERT_EQ(texts->calls.size(), 2);
  EXPECT_EQ(texts->calls[1].prompt().text().text(), "b");
  EXPECT_FALSE(texts->calls[1].prompt().text().parse_special());
  EXPECT_EQ(texts->calls[1].n(), 2);

  const auto ids = Completion(R"("prompt": [7, 8])");
  ASSERT_TRUE(ids.ok()) << ids.status();
  EXPECT_EQ(ids->calls.at(0).prompt().tokens().ids(1), 8);

  const auto lists = Completion(R"("prompt": [[7], [8, 9]])");
  ASSERT_TRUE(lists.ok()) << lists.status();
  EXPECT_EQ(lists->calls.at(1).prompt().tokens().ids(1), 9);
}

TEST(GenerationRequestTest, EchoMayComeWithoutNewTokens) {
  const auto request =
      Completion(R"("echo": true, "max_tokens": 0, "logprobs": 0)");
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->calls.at(0).max_tokens(), 0);
  EXPECT_TRUE(request->calls.at(0).has_num_prompt_logprobs());
}

TEST(GenerationRequestTest, BoundsTheNumberAndTheLengthOfPrompts) {
  std::string prompts = R"("n": 1, "max_tokens": 1, "prompt": [)";
  for (int i = 0; i < 256; ++i) prompts += "\"a\",";
  EXPECT_TRUE(Completion(prompts.substr(0, prompts.size() - 1) + "]").ok());
  ExpectNamed(Completion(prompts + "\"a\"]").status(), "257", "prompt:");

  const std::string longest(100 * 256, 'a');
  EXPECT_TRUE(Completion("\"prompt\": \"" + longest + "\"").ok());
  ExpectNamed(Completion("\"prompt\": \"" + longest + "a\"").status(), "long",
              "prompt:");
}

TEST(GenerationRequestTest, APredictionReachesTheVerifier) {
  // n, logprobs, penalties and max_completion_tokens may stand beside it.
  const auto parts = Chat(R"("n": 2, "logprobs": true, "presence_penalty": 1,
      "max_completion_tokens": 9, "return_token_sources": true,
      "max_draft_tokens": 0,
      "prediction": {"type": "content", "content":
          [{"type": "text", "text": "a\n"}, {"type": "text", "text": "é"}]})");
  ASSERT_TRUE(parts.ok()) << parts.status();
  EXPECT_EQ(parts->calls.at(0).prediction(), "a\né");
  EXPECT_TRUE(parts->calls.at(0).return_token_sources());
  EXPECT_TRUE(parts->calls.at(0).has_max_draft_tokens());
  EXPECT_EQ(parts->calls.at(0).max_draft_tokens(), 0);
  const auto text =
      Completion(R"("prediction": {"type": "content", "content": "a b"})");
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(text->calls.at(0).prediction(), "a b");
  EXPECT_FALSE(text->calls.at(0).return_token_sources());
  EXPECT_FALSE(text->calls.at(0).has_max_draft_tokens());
  for (const char* none :
       {R"("prediction": null)",
        R"("prediction": {"type": "content", "content": ""})",
        R"("prediction": {"type": "content", "content": []})"}) {
    ASSERT_TRUE(Chat(none).ok()) << none;
    EXPECT_EQ(Chat(none)->calls.at(0).prediction(), "");
  }
}

TEST(GenerationRequestTest, APredictionIsBoundedByTheContextAndOfOnePrompt) {
  const auto prediction = [](size_t length, absl::string_view more) {
    return Completion(absl::StrCat(
        R"("prediction": {"type": "content", "content": [)",
        R"({"type": "text", "text": ")", std::string(length - 1, 'a'),
        R"("}, {"type": "text", "text": "a"}]})", more));
  };
  EXPECT_TRUE(prediction(100 * 256, "").ok());
  ExpectNamed(prediction(100 * 256 + 1, "").status(), "long",
              "prediction.content:");
  ExpectNamed(prediction(2, R"(, "prompt": ["a", "b"])").status(), "two",
              "prediction:");
}

TEST(GenerationRequestTest, AnotherModelIsNotFound) {
  EXPECT_EQ(Chat(R"("model": "other")").status().code(),
            absl::StatusCode::kNotFound);
}

TEST(GenerationRequestTest, ARequestIsAnObject) {
  for (const char* text : {"[]", "null", "7", "\"x\""}) {
    const nlohmann::json json = *ParseJson(text);
    EXPECT_EQ(
        ParseChatRequest(JsonField(&json, ""), Model(), 1).status().code(),
        absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(TokenizeRequestTest, TakesAPromptOrMessages) {
  const auto parse = [](const char* text) {
    const nlohmann::json json = *ParseJson(text);
    return ParseTokenizeRequest(JsonField(&json, ""), Model());
  };
  const auto prompt = parse(R"({"prompt": "a", "add_special_tokens": false})");
  ASSERT_TRUE(prompt.ok()) << prompt.status();
  EXPECT_FALSE(prompt->call.prompt().text().add_special_tokens());
  EXPECT_TRUE(prompt->call.prompt().text().parse_special());
  const auto chat = parse(
      R"({"messages": [{"role": "user", "content": "a"}],
          "return_token_strs": true, "add_generation_prompt": false})");
  ASSERT_TRUE(chat.ok()) << chat.status();
  EXPECT_TRUE(chat->return_token_strs);
  EXPECT_FALSE(chat->call.prompt().chat().add_generation_prompt());
  ExpectNamed(parse("{}").status(), "{}", "prompt:");
  ExpectNamed(parse(R"({"prompt": ["a"]})").status(), "list", "prompt:");
  ExpectNamed(parse(R"({"prompt": "a", "messages": []})").status(), "both",
              "prompt:");
}

}  // namespace
}  // namespace tessera::gateway
