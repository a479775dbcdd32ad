// Requests to the gateway's handlers, without a network: a test plays the
// verifier.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "libs/json/json.h"
#include "libs/log/log.h"
#include "services/gateway/fake_exchange.h"
#include "services/gateway/fake_verifier.h"
#include "services/gateway/handle_request.h"

namespace tessera::gateway {

using Record = std::shared_ptr<FakeExchange::Record>;

class GatewayFixture : public testing::Test {
 protected:
  GatewayFixture() {
    log::SetLevel(log::kError);
    Restart(GatewayOptions());
  }

  void Restart(GatewayOptions options) {
    auto keys = KeyRing::Open(options.api_keys_file);
    EXPECT_TRUE(keys.ok()) << keys.status();
    auto salts = CallerSalts::Open(options.salt_secret_file,
                                   !options.api_keys_file.empty());
    EXPECT_TRUE(salts.ok()) << salts.status();
    state_ = std::make_shared<GatewayState>(std::move(options),
                                            *std::move(keys), *std::move(salts),
                                            &verifier_, &registry_);
  }

  Record Ask(absl::string_view method, absl::string_view path,
             absl::string_view body = "",
             std::vector<http::Header> headers = {}) {
    http::Request request;
    request.method = std::string(method);
    request.path = std::string(path);
    request.body = std::string(body);
    request.headers = std::move(headers);
    auto record = std::make_shared<FakeExchange::Record>();
    HandleRequest(state_, std::move(request),
                  std::make_shared<FakeExchange>(record));
    return record;
  }
  Record Chat(absl::string_view more) {
    return Ask(
        "POST", "/v1/chat/completions",
        absl::StrCat(R"({"messages": [{"role": "user", "content": "hi"}])",
                     more.empty() ? "" : ",", more, "}"));
  }
  Record Complete(absl::string_view fields) {
    return Ask("POST", "/v1/completions", absl::StrCat("{", fields, "}"));
  }

  // A call of the verifier is answered.
  void Respond(const char* text, int call = 0) {
    verifier_.calls.at(call)->observer->OnResponse(Response(text));
  }
  void End(absl::Status status = absl::OkStatus(), int call = 0) {
    std::exchange(verifier_.calls.at(call)->observer, nullptr)->OnDone(status);
  }

  static nlohmann::json Json(const Record& record) {
    auto json = ParseJson(record->body());
    EXPECT_TRUE(json.ok()) << record->body();
    return json.ok() ? *json : nlohmann::json();
  }
  static void ExpectError(const Record& record, int status,
                          absl::string_view param) {
    ASSERT_TRUE(record->response.has_value());
    EXPECT_EQ(record->response->status, status) << record->body();
    const nlohmann::json error = Json(record)["error"];
    EXPECT_TRUE(error["message"].is_string());
    EXPECT_TRUE(error["type"].is_string());
    EXPECT_TRUE(error.contains("code"));
    EXPECT_EQ(error["param"],
              param.empty() ? nlohmann::json() : nlohmann::json(param));
    if (status == 429 || status == 503) {
      EXPECT_NE(record->header("Retry-After"), "");
    }
  }
  // The events' objects; "[DONE]" as a string.
  static std::vector<nlohmann::json> Events(const Record& record) {
    std::vector<nlohmann::json> events;
    for (absl::string_view event : absl::StrSplit(record->body(), "\n\n")) {
      if (event.empty()) continue;
      EXPECT_TRUE(absl::ConsumePrefix(&event, "data: ")) << event;
      if (event == "[DONE]") {
        events.push_back("[DONE]");
      } else {
        events.push_back(*ParseJson(event));
      }
    }
    return events;
  }

  FakeVerifier verifier_;
  metrics::Registry registry_;
  std::shared_ptr<GatewayState> state_;
};

}  // namespace tessera::gateway
