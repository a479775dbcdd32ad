#include "services/gateway/handle_request.h"

#include <fstream>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "libs/json/json.h"
#include "services/gateway/gateway_fixture.h"

namespace tessera::gateway {
namespace {

using HandleRequestTest = GatewayFixture;

TEST_F(HandleRequestTest, BadBodiesAreRefused) {
  for (const std::string& body :
       {std::string("{"), std::string(""), std::string("[]"),
        std::string("null"), std::string(100'000, '['),
        std::string("{\"model\":\"\xff\xfe\"}"),
        std::string(R"({"messages": "\ud800"})"), std::string(1, '\0'),
        std::string(R"({"n": 1, "n": 1})"), std::string("{\"n\": 1} x")}) {
    ExpectError(Ask("POST", "/v1/chat/completions", body), 400, "");
    ExpectError(Ask("POST", "/tokenize", body), 400, "");
  }
  ExpectError(Chat(R"("model": "other")"), 404, "model");
  EXPECT_TRUE(verifier_.calls.empty());
  EXPECT_EQ(state_->active.num_active(), 0);
}

TEST_F(HandleRequestTest, PathsAndMethodsThatDoNotExist) {
  ExpectError(Ask("GET", "/v1/nothing"), 404, "");
  ExpectError(Ask("GET", "/v1/models/"), 404, "");
  const Record record = Ask("GET", "/v1/chat/completions");
  ExpectError(record, 405, "");
  EXPECT_EQ(record->header("Allow"), "POST");
  ExpectError(Ask("OPTIONS", "/v1/models"), 405, "");
  EXPECT_EQ(Ask("HEAD", "/version")->response->status, 200);
  ExpectError(Ask("HEAD", "/tokenize"), 405, "");
}

TEST_F(HandleRequestTest, TellsOfTheModel) {
  GatewayOptions options;
  options.model_aliases = {"org/alias"};
  Restart(options);
  const nlohmann::json list = Json(Ask("GET", "/v1/models"));
  EXPECT_EQ(list["object"], "list");
  EXPECT_EQ(list["data"].size(), 2);
  EXPECT_EQ(list["data"][0],
            *ParseJson(R"({"id": "tiny", "object": "model", "created":
                1700000000, "owned_by": "tessera", "max_model_len": 100})"));
  EXPECT_EQ(Json(Ask("GET", "/v1/models/org/alias"))["id"], "org/alias");
  ExpectError(Ask("GET", "/v1/models/x"), 404, "model");
  EXPECT_TRUE(Json(Ask("GET", "/version"))["version"].is_string());
}

TEST_F(HandleRequestTest, HealthFollowsTheVerifier) {
  EXPECT_EQ(Ask("GET", "/health")->response->status, 200);
  verifier_.info = absl::UnavailableError("loading: 40%");
  ExpectError(Ask("GET", "/health"), 503, "");
  ExpectError(Chat(""), 503, "");
  EXPECT_TRUE(verifier_.calls.empty());
  EXPECT_EQ(state_->active.num_active(), 0);
}

TEST_F(HandleRequestTest, DrainingFinishesWhatRunsAndRefusesTheRest) {
  const Record running = Chat("");
  state_->is_draining = true;
  const Record late = Chat("");
  ExpectError(late, 503, "");
  EXPECT_EQ(late->header("Connection"), "close");
  ExpectError(Ask("GET", "/health"), 503, "");
  EXPECT_EQ(state_->active.num_active(), 1);
  Respond("prompt {} deltas { text: 'a' finish_reason: STOP } usage {}");
  End();
  EXPECT_EQ(running->response->status, 200);
  EXPECT_EQ(state_->active.num_active(), 0);
}

TEST_F(HandleRequestTest, TokenizesAndDetokenizes) {
  EXPECT_EQ(Json(Ask("POST", "/tokenize",
                     R"({"prompt": "aé", "return_token_strs": true})")),
            *ParseJson(R"({"count": 3, "max_model_len": 100, "tokens":
                [97, 195, 169], "token_strs": ["a", "\ufffd", "\ufffd"]})"));
  const nlohmann::json chat =
      Json(Ask("POST", "/tokenize",
               R"({"messages": [{"role": "user", "content": ""}]})"));
  EXPECT_EQ(chat["count"], 6);
  EXPECT_TRUE(chat["token_strs"].is_null());
  EXPECT_EQ(Json(Ask("POST", "/detokenize", R"({"tokens": [104, 105]})")),
            *ParseJson(R"({"prompt": "hi"})"));
  ExpectError(Ask("POST", "/detokenize", R"({"tokens": [256]})"), 400,
              "tokens[0]");
  verifier_.unary_error = absl::UnavailableError("gone");
  ExpectError(Ask("POST", "/tokenize", R"({"prompt": "a"})"), 503, "");
}

TEST_F(HandleRequestTest, OtherOriginsMayAskWhereTheyAreAllowed) {
  EXPECT_EQ(Ask("GET", "/health")->header("Access-Control-Allow-Origin"), "");
  GatewayOptions options;
  options.cors_origin = "https://example.org";
  Restart(options);
  const Record preflight =
      Ask("OPTIONS", "/v1/chat/completions", "",
          {{"access-control-request-headers", "authorization,x-a"}});
  EXPECT_EQ(preflight->response->status, 204);
  EXPECT_EQ(preflight->header("Access-Control-Allow-Origin"),
            "https://example.org");
  EXPECT_EQ(preflight->header("Access-Control-Allow-Headers"),
            "authorization,x-a");
  EXPECT_EQ(Ask("GET", "/health")->header("Access-Control-Allow-Origin"),
            "https://example.org");
}

TEST_F(HandleRequestTest, ServesTheFilesThatThereAre) {
  static const StaticFile* const kPage =
      new StaticFile{"text/html; charset=utf-8", "<p>"};
  GatewayOptions options;
  options.static_files = [](absl::string_view path) {
    return path == "/" ? kPage : nullptr;
  };
  Restart(options);
  const Record page = Ask("GET", "/");
  EXPECT_EQ(page->response->content_type, "text/html; charset=utf-8");
  EXPECT_EQ(page->body(), "<p>");
  ExpectError(Ask("GET", "/other.js"), 404, "");
  ExpectError(Ask("POST", "/"), 405, "");
}

TEST_F(HandleRequestTest, CountsRequestsAndNeverShowsPaths) {
  Ask("GET", "/version");
  Ask("GET", "/secret-path");
  const Record record = Ask("GET", "/metrics");
  EXPECT_TRUE(absl::StrContains(record->body(),
                                "tessera_http_requests_total{path=\"/version\","
                                "status=\"200\"} 1"))
      << record->body();
  EXPECT_TRUE(absl::StrContains(record->body(), "path=\"other\""));
  EXPECT_FALSE(absl::StrContains(record->body(), "secret-path"));
}

class KeysTest : public GatewayFixture {
 protected:
  KeysTest() {
    GatewayOptions options;
    options.api_keys_file = testing::TempDir() + "/gateway-keys";
    options.max_requests_per_key = 1;
    std::ofstream(options.api_keys_file) << "alice:first-key-1\nsecond-key-2\n";
    Restart(std::move(options));
  }
  Record ChatWith(const std::string& authorization) {
    return Ask("POST", "/v1/chat/completions",
               R"({"messages": [{"role": "user", "content": "hi"}],
                   "cache_salt": "s"})",
               {{"authorization", authorization}});
  }
};

TEST_F(KeysTest, OnlyWhoHasAKeyMayAsk) {
  for (const char* path : {"/v1/models", "/version"}) {
    const Record record = Ask("GET", path);
    ExpectError(record, 401, "");
    EXPECT_EQ(Json(record)["error"]["code"], "invalid_api_key");
  }
  ExpectError(ChatWith(""), 401, "");
  ExpectError(ChatWith("Bearer wrong-key-1"), 401, "");
  ExpectError(ChatWith("Basic first-key-1"), 401, "");
  EXPECT_TRUE(verifier_.calls.empty());
  ChatWith("Bearer first-key-1");
  EXPECT_EQ(verifier_.calls.size(), 1);
  End(absl::CancelledError(""));
}

TEST_F(KeysTest, ProbesNeedNone) {
  EXPECT_EQ(Ask("GET", "/health")->response->status, 200);
  EXPECT_EQ(Ask("GET", "/metrics")->response->status, 200);
}

TEST_F(KeysTest, AKeyHasItsOwnShareAndItsOwnCache) {
  const Record first = ChatWith("Bearer first-key-1");
  ExpectError(ChatWith("Bearer first-key-1"), 429, "");
  ChatWith("Bearer second-key-2");
  ASSERT_EQ(verifier_.calls.size(), 2);
  EXPECT_NE(verifier_.calls[0]->request.cache_salt(),
            verifier_.calls[1]->request.cache_salt());
  first->closed();  // hangs up, and may ask again
  ChatWith("Bearer first-key-1");
  ASSERT_EQ(verifier_.calls.size(), 3);
  EXPECT_EQ(verifier_.calls[0]->request.cache_salt(),
            verifier_.calls[2]->request.cache_salt());
  for (int i = 0; i < 3; ++i) End(absl::CancelledError(""), i);
}

TEST_F(KeysTest, KeysAndSaltsStandInNoLogAndNoMetric) {
  log::SetLevel(log::kInfo);
  testing::internal::CaptureStderr();
  ChatWith("Bearer first-key-1");
  ChatWith("Bearer wrong-key-1");
  const std::string salt = verifier_.calls.at(0)->request.cache_salt();
  Respond("prompt {} deltas { text: 'a' finish_reason: STOP } usage {}");
  End();
  log::SetLevel(log::kError);
  const std::string shown =
      testing::internal::GetCapturedStderr() + Ask("GET", "/metrics")->body();
  EXPECT_TRUE(absl::StrContains(shown, "request finished"));
  EXPECT_TRUE(absl::StrContains(shown, "alice"));
  EXPECT_TRUE(absl::StrContains(shown, "tessera_http_requests_total"));
  for (const std::string& hidden :
       {salt, std::string("first-key-1"), std::string("wrong-key-1")}) {
    EXPECT_FALSE(absl::StrContains(shown, hidden)) << hidden;
  }
}

}  // namespace
}  // namespace tessera::gateway
