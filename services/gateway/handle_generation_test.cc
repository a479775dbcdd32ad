#include "services/gateway/handle_generation.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "libs/json/json.h"
#include "libs/log/log.h"
#include "services/gateway/gateway_fixture.h"

namespace tessera::gateway {
namespace {

using HandleGenerationTest = GatewayFixture;

TEST_F(HandleGenerationTest, AChatIsAnsweredWhole) {
  const Record record = Chat(R"("return_timings": true, "request_id": "r-1")");
  EXPECT_FALSE(record->response.has_value());
  EXPECT_EQ(verifier_.calls.at(0)->request.request_id(), "chatcmpl-r-1");
  Respond("prompt { num_tokens: 5 num_cached_tokens: 2 }");
  Respond("deltas { text: 'Hé' token_ids: 1 }");
  Respond(
      "deltas { text: '\"!' token_ids: 2 finish_reason: STOP }"
      "usage { num_prompt_tokens: 5 num_cached_tokens: 2 "
      "num_generated_tokens: 2 queue_seconds: 0.5 }");
  End();
  EXPECT_EQ(record->response->status, 200);
  EXPECT_EQ(record->header("X-Request-Id"), "r-1");
  nlohmann::json json = Json(record);
  EXPECT_GT(json["created"], 1700000000);
  json.erase("created");
  EXPECT_EQ(json, *ParseJson(R"({
      "id": "chatcmpl-r-1", "object": "chat.completion", "model": "tiny",
      "choices": [{"index": 0, "message": {"role": "assistant",
          "content": "Hé\"!", "refusal": null}, "logprobs": null,
          "finish_reason": "stop"}],
      "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7,
          "prompt_tokens_details": {"cached_tokens": 2},
          "completion_tokens_details": {"reasoning_tokens": 0,
              "accepted_prediction_tokens": 0,
              "rejected_prediction_tokens": 0}},
      "timings": {"queue_seconds": 0.5, "prefill_seconds": 0,
          "decode_seconds": 0, "cached_tokens": 2,
          "computed_prompt_tokens": 3, "preemptions": 0,
          "cached_tokens_by_tier": {"engine": 2, "memory": 0, "disk": 0},
          "load_seconds": 0, "drafts": {}}})"));
  EXPECT_EQ(state_->active.num_active(), 0);
  EXPECT_TRUE(verifier_.calls[0]->is_dropped);
}

TEST_F(HandleGenerationTest, AChatIsStreamedTokenByToken) {
  const Record record =
      Chat(R"("stream": true, "stream_options": {"include_usage": true})");
  EXPECT_FALSE(record->response.has_value());  // it may still be refused
  Respond("prompt { num_tokens: 5 } deltas { text: 'a' token_ids: 1 }");
  EXPECT_EQ(record->pieces.size(), 1);
  EXPECT_EQ(record->response->content_type, "text/event-stream; charset=utf-8");
  Respond("deltas { text: '\\n' token_ids: 2 }");
  EXPECT_EQ(record->pieces.size(), 2);
  Respond(
      "deltas { text: 'b' token_ids: 3 finish_reason: LENGTH }"
      "usage { num_prompt_tokens: 5 num_generated_tokens: 3 }");
  End();
  EXPECT_TRUE(record->is_finished);
  std::vector<nlohmann::json> events = Events(record);
  ASSERT_EQ(events.size(), 7);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(events[i]["object"], "chat.completion.chunk");
    EXPECT_EQ(events[i]["id"], events[0]["id"]);
    EXPECT_EQ(events[i]["model"], "tiny");
    EXPECT_EQ(events[i]["usage"].is_null(), i < 5);
  }
  const auto choice = [&](int i) { return events[i]["choices"][0]; };
  EXPECT_EQ(choice(0), *ParseJson(R"({"index": 0, "delta": {"role":
      "assistant", "content": ""}, "logprobs": null, "finish_reason": null})"));
  EXPECT_EQ(choice(1), *ParseJson(R"({"index": 0, "delta": {"content": "a"},
      "logprobs": null, "finish_reason": null})"));
  EXPECT_EQ(choice(2)["delta"]["content"], "\n");
  EXPECT_EQ(choice(4), *ParseJson(R"({"index": 0, "delta": {},
      "logprobs": null, "finish_reason": "length"})"));
  EXPECT_TRUE(events[5]["choices"].empty());
  EXPECT_EQ(events[5]["usage"]["total_tokens"], 8);
  EXPECT_EQ(events[6], "[DONE]");
}

TEST_F(HandleGenerationTest, WithoutIncludeUsageNoChunkSpeaksOfIt) {
  const Record record = Chat(R"("stream": true)");
  Respond("prompt {} deltas { text: 'a' token_ids: 1 finish_reason: STOP }");
  End();
  EXPECT_FALSE(absl::StrContains(record->body(), "usage"));
}

TEST_F(HandleGenerationTest, LogprobsOfChatHaveItsShape) {
  Record record = Chat(R"("logprobs": true, "top_logprobs": 2)");
  EXPECT_EQ(verifier_.calls.at(0)->request.num_logprobs(), 2);
  constexpr char kDelta[] =
      "prompt {} deltas { text: 'é' token_ids: 7 finish_reason: STOP logprobs {"
      " chosen { token: 7 text: '\\303\\251' logprob: -0.5 }"
      " top { token: 7 text: '\\303\\251' logprob: -0.5 }"
      " top { token: 8 text: '\\303' logprob: -inf } } } usage {}";
  Respond(kDelta);
  End();
  const nlohmann::json expected = *ParseJson(R"({"content": [{"token": "é",
      "logprob": -0.5, "bytes": [195, 169], "top_logprobs": [
      {"token": "é", "logprob": -0.5, "bytes": [195, 169]},
      {"token": "\ufffd", "logprob": -9999.0, "bytes": [195]}]}],
      "refusal": null})");
  EXPECT_EQ(Json(record)["choices"][0]["logprobs"], expected);

  record = Chat(R"("logprobs": true, "top_logprobs": 2, "stream": true)");
  Respond(kDelta, 1);
  End(absl::OkStatus(), 1);
  EXPECT_EQ(Events(record)[1]["choices"][0]["logprobs"], expected);
  EXPECT_TRUE(Events(record)[2]["choices"][0]["logprobs"].is_null());
}

TEST_F(HandleGenerationTest, EchoGivesThePromptAndItsLogprobs) {
  constexpr char kPrompt[] =
      "prompt { num_tokens: 2 token_texts: 'h' token_texts: 'i'"
      " logprobs { chosen { token: 105 text: 'i' logprob: -1 } } }";
  constexpr char kDelta[] =
      "deltas { text: '!' token_ids: 33 finish_reason: LENGTH"
      " logprobs { chosen { text: '!' logprob: -2 }"
      " top { text: '\\342\\234' logprob: -0.25 } } } usage {}";
  const nlohmann::json expected = *ParseJson(R"({"tokens": ["h", "i", "!"],
      "token_logprobs": [null, -1.0, -2.0], "text_offset": [0, 1, 2],
      "top_logprobs": [null, {"i": -1.0},
                       {"bytes:\\xe2\\x9c": -0.25, "!": -2.0}]})");
  Record record = Complete(R"("prompt": "hi", "echo": true, "logprobs": 1)");
  Respond(kPrompt);
  Respond(kDelta);
  End();
  EXPECT_EQ(Json(record)["object"], "text_completion");
  EXPECT_EQ(Json(record)["choices"][0]["text"], "hi!");
  EXPECT_EQ(Json(record)["choices"][0]["logprobs"], expected);

  record = Complete(
      R"("prompt": "hi", "echo": true, "logprobs": 1, "stream": true)");
  Respond(kPrompt, 1);
  Respond(kDelta, 1);
  End(absl::OkStatus(), 1);
  const std::vector<nlohmann::json> events = Events(record);
  EXPECT_EQ(events[0]["choices"][0]["text"], "hi");
  EXPECT_EQ(events[0]["choices"][0]["logprobs"]["text_offset"],
            *ParseJson("[0, 1]"));
  EXPECT_EQ(events[1]["choices"][0]["logprobs"]["text_offset"],
            *ParseJson("[2]"));
}

TEST_F(HandleGenerationTest, TokenIdsAreEchoedAsText) {
  const Record record =
      Complete(R"("prompt": [104, 111], "echo": true, "max_tokens": 0)");
  Respond("prompt { num_tokens: 2 }");
  Respond("usage { num_prompt_tokens: 2 }");
  End();
  EXPECT_EQ(Json(record)["choices"][0]["text"], "ho");
  EXPECT_EQ(Json(record)["choices"][0]["finish_reason"], "length");
}

TEST_F(HandleGenerationTest, PromptsAndChoicesAreNumberedThrough) {
  const Record record =
      Complete(R"("prompt": ["a", "b"], "n": 2, "return_token_ids": true)");
  ASSERT_EQ(verifier_.calls.size(), 2);
  EXPECT_NE(verifier_.calls[0]->request.request_id(),
            verifier_.calls[1]->request.request_id());
  Respond(
      "prompt { token_ids: 98 } deltas { index: 1 text: 'b1' token_ids: 4 "
      "finish_reason: STOP } deltas { text: 'b0' finish_reason: STOP }"
      "usage { num_prompt_tokens: 1 num_generated_tokens: 2 }",
      1);
  End(absl::OkStatus(), 1);
  EXPECT_FALSE(record->response.has_value());
  Respond(
      "prompt { token_ids: 97 } deltas { text: 'a0' finish_reason: STOP }"
      "deltas { index: 1 text: 'a1' finish_reason: STOP }"
      "usage { num_prompt_tokens: 1 num_generated_tokens: 2 }");
  End();
  const nlohmann::json json = Json(record);
  ASSERT_EQ(json["choices"].size(), 4);
  const char* const kTexts[] = {"a0", "a1", "b0", "b1"};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(json["choices"][i]["index"], i);
    EXPECT_EQ(json["choices"][i]["text"], kTexts[i]);
  }
  EXPECT_EQ(json["choices"][3]["token_ids"], *ParseJson("[4]"));
  EXPECT_EQ(json["choices"][3]["prompt_token_ids"], *ParseJson("[98]"));
  EXPECT_EQ(json["prompt_token_ids"], *ParseJson("[97]"));
  EXPECT_EQ(json["usage"]["total_tokens"], 6);
}

TEST_F(HandleGenerationTest, AStreamCarriesTokenIds) {
  const Record record = Chat(R"("stream": true, "return_token_ids": true)");
  Respond(
      "prompt { token_ids: 1 token_ids: 2 } deltas { text: 'a' token_ids: "
      "3 } deltas { token_ids: 4 finish_reason: STOP }");
  End();
  const std::vector<nlohmann::json> events = Events(record);
  EXPECT_EQ(events[0]["prompt_token_ids"], *ParseJson("[1, 2]"));
  EXPECT_EQ(events[1]["choices"][0]["token_ids"], *ParseJson("[3]"));
  EXPECT_EQ(events[2]["choices"][0]["token_ids"], *ParseJson("[4]"));
  EXPECT_EQ(events[2]["choices"][0]["finish_reason"], "stop");
}

// Of a request with two prompts: what they took and drafted adds up.
constexpr char kUsageOfTheFirst[] = R"(usage {
    num_prompt_tokens: 9 num_cached_tokens: 8 num_generated_tokens: 6
    cached { num_engine: 1 num_memory: 3 num_disk: 4 load_seconds: 0.25 }
    drafted { source: SOURCE_PREDICTION num_drafted: 5 num_accepted: 3 }
    drafted { source: SOURCE_TEXT num_drafted: 2 num_accepted: 1 } })";
constexpr char kUsageOfTheSecond[] = R"(usage {
    num_prompt_tokens: 4 num_cached_tokens: 2 num_generated_tokens: 6
    cached { num_memory: 2 load_seconds: 0.5 }
    drafted { source: SOURCE_TEXT num_drafted: 4 num_accepted: 4 }
    drafted { source: SOURCE_DRAFT_MODEL num_drafted: 1 num_accepted: 7 } })";

void ExpectBoth(const nlohmann::json& usage, const nlohmann::json& timings) {
  EXPECT_EQ(usage["prompt_tokens_details"]["cached_tokens"], 10);
  EXPECT_EQ(usage["completion_tokens_details"], *ParseJson(R"({
      "reasoning_tokens": 0, "accepted_prediction_tokens": 3,
      "rejected_prediction_tokens": 2})"));
  EXPECT_EQ(timings["cached_tokens"], 10);
  EXPECT_EQ(timings["cached_tokens_by_tier"],
            *ParseJson(R"({"engine": 1, "memory": 5, "disk": 4})"));
  EXPECT_EQ(timings["load_seconds"], 0.5);
  // No more are accepted than were drafted, whatever a verifier says.
  EXPECT_EQ(timings["drafts"], *ParseJson(R"({
      "prediction": {"drafted_tokens": 5, "accepted_tokens": 3},
      "text": {"drafted_tokens": 6, "accepted_tokens": 5},
      "draft_model": {"drafted_tokens": 1, "accepted_tokens": 1}})"));
}

TEST_F(HandleGenerationTest, TimingsTellTiersAndDraftsApart) {
  const Record whole =
      Complete(R"("prompt": ["a", "b"], "return_timings": true)");
  const Record stream = Complete(
      R"("prompt": ["a", "b"], "return_timings": true, "stream": true,
         "stream_options": {"include_usage": true})");
  for (int call = 0; call < 4; ++call) {
    Respond("prompt {} deltas { text: 'a' finish_reason: STOP }", call);
    Respond(call % 2 == 0 ? kUsageOfTheFirst : kUsageOfTheSecond, call);
    End(absl::OkStatus(), call);
  }
  const nlohmann::json json = Json(whole);
  ExpectBoth(json["usage"], json["timings"]);
  const std::vector<nlohmann::json> events = Events(stream);
  const nlohmann::json& last = events[events.size() - 2];
  ExpectBoth(last["usage"], last["timings"]);
}

TEST_F(HandleGenerationTest, EachTokensSourceIsToldIfAskedFor) {
  constexpr char kFirst[] =
      "prompt {} deltas { text: 'abc' token_ids: [1, 2, 3] sources: "
      "[SOURCE_TARGET, SOURCE_TEXT, SOURCE_PREDICTION] }";
  // Of a verifier that has other sources, or says too little or too much.
  constexpr char kSecond[] =
      "deltas { text: 'd' token_ids: [4, 5] sources: SOURCE_DRAFT_MODEL }"
      "deltas { token_ids: 6 sources: [99, 1, 1] finish_reason: LENGTH }";
  Record record = Chat(R"("return_token_sources": true)");
  Respond(kFirst);
  Respond(kSecond);
  End();
  EXPECT_EQ(Json(record)["choices"][0]["token_sources"], *ParseJson(R"([
      "target", "text", "prediction", "draft_model", "target", "other"])"));
  EXPECT_FALSE(Json(record)["choices"][0].contains("token_ids"));

  record = Chat(R"("return_token_sources": true, "stream": true)");
  Respond(kFirst, 1);
  Respond(kSecond, 1);
  End(absl::OkStatus(), 1);
  const std::vector<nlohmann::json> events = Events(record);
  const auto sources = [&](int i) {
    return events[i]["choices"][0]["token_sources"];
  };
  EXPECT_EQ(sources(1), *ParseJson(R"(["target", "text", "prediction"])"));
  EXPECT_EQ(sources(2), *ParseJson(R"(["draft_model", "target"])"));
  EXPECT_EQ(sources(3), *ParseJson(R"(["other"])"));

  record = Chat("");
  Respond(kFirst, 2);
  Respond(kSecond, 2);
  End(absl::OkStatus(), 2);
  EXPECT_FALSE(absl::StrContains(record->body(), "sources"));
}

TEST_F(HandleGenerationTest, TheVerifiersRefusalIsAnHttpError) {
  const struct {
    absl::Status status;
    int http_status;
    absl::string_view param;
  } kCases[] = {
      {absl::InvalidArgumentError("prompt: too long"), 400, "messages"},
      {absl::InvalidArgumentError("max_tokens: bad"), 400, "max_tokens"},
      {absl::ResourceExhaustedError("full"), 429, ""},
      {absl::UnavailableError("gone"), 503, ""},
      {absl::DeadlineExceededError("late"), 408, ""},
      {absl::CancelledError("stopping"), 503, ""},
      {absl::InternalError("secret"), 500, ""},
  };
  for (const bool stream : {false, true}) {
    for (const auto& c : kCases) {
      verifier_.calls.clear();
      const Record record = Chat(stream ? R"("stream": true)" : "");
      End(c.status);
      ExpectError(record, c.http_status, c.param);
      EXPECT_FALSE(absl::StrContains(record->body(), "secret"));
    }
  }
}

TEST_F(HandleGenerationTest, AnErrorInMidStreamEndsItWithoutDone) {
  const Record record = Chat(R"("stream": true)");
  Respond("prompt {} deltas { text: 'a' token_ids: 1 }");
  End(absl::UnavailableError("gone"));
  EXPECT_TRUE(record->is_finished);
  const std::vector<nlohmann::json> events = Events(record);
  EXPECT_EQ(events.back()["error"]["message"], "gone");
  EXPECT_FALSE(absl::StrContains(record->body(), "[DONE]"));
}

TEST_F(HandleGenerationTest, OnePromptsErrorEndsTheOthers) {
  const Record record = Complete(R"("prompt": ["a", "b"])");
  End(absl::InvalidArgumentError("prompt: x"), 1);
  ExpectError(record, 400, "prompt");
  EXPECT_TRUE(verifier_.calls[0]->is_cancelled);
  EXPECT_EQ(state_->active.num_active(), 0);
  Respond("prompt {}");  // late: nobody is answered twice
  End(absl::CancelledError(""));
}

TEST_F(HandleGenerationTest, AHangUpCancels) {
  const Record record = Chat(R"("stream": true)");
  Respond("prompt {} deltas { text: 'a' token_ids: 1 }");
  EXPECT_EQ(state_->active.num_active(), 1);
  record->is_gone = true;
  record->closed();
  EXPECT_TRUE(verifier_.calls[0]->is_cancelled);
  EXPECT_TRUE(record->is_dropped);
  EXPECT_EQ(state_->active.num_active(), 0);
  Respond("deltas { text: 'b' token_ids: 1 }");
  End(absl::CancelledError(""));
  EXPECT_TRUE(verifier_.calls[0]->is_dropped);
}

TEST_F(HandleGenerationTest, AReaderWhoIsGoneCancels) {
  const Record record = Chat(R"("stream": true)");
  record->is_gone = true;
  Respond("prompt {} deltas { text: 'a' token_ids: 1 }");
  EXPECT_TRUE(verifier_.calls[0]->is_cancelled);
  End(absl::CancelledError(""));
}

TEST_F(HandleGenerationTest, AnAnswerWithinTheCallIsAnswered) {
  verifier_.script = [](FakeVerifier::Call& call) {
    call.observer->OnResponse(
        Response("prompt {} deltas { text: 'a' finish_reason: STOP } usage{}"));
    std::exchange(call.observer, nullptr)->OnDone(absl::OkStatus());
  };
  EXPECT_EQ(Json(Chat(""))["choices"][0]["message"]["content"], "a");
  EXPECT_EQ(Complete(R"("prompt": ["a", "b", "c"])")->response->status, 200);
}

TEST_F(HandleGenerationTest, ChoicesThatDoNotExistAreLeftOut) {
  const Record record = Chat("");
  Respond(
      "prompt {} deltas { index: 1 text: 'x' } deltas { index: -1 } "
      "deltas { text: 'a' finish_reason: STOP }");
  End();
  EXPECT_EQ(Json(record)["choices"].size(), 1);
}

TEST_F(HandleGenerationTest, WhatUsersSayIsLoggedOnlyIfAskedFor) {
  log::SetLevel(log::kInfo);
  const char* const body =
      R"({"messages": [{"role": "user", "content": "a secret"}]})";
  testing::internal::CaptureStderr();
  Ask("POST", "/v1/chat/completions", body);
  EXPECT_EQ(testing::internal::GetCapturedStderr().find("a secret"),
            std::string::npos);
  GatewayOptions options;
  options.log_prompts = true;
  Restart(options);
  testing::internal::CaptureStderr();
  Ask("POST", "/v1/chat/completions", body);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("user: a secret"),
            std::string::npos);
  log::SetLevel(log::kError);
}

}  // namespace
}  // namespace tessera::gateway
