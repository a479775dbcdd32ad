#include "libs/json/json.h"

#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace tessera {
namespace {

void ExpectError(absl::string_view text, absl::string_view words) {
  const absl::Status status = ParseJson(text).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(status.message(), words)) << status;
}

TEST(JsonTest, ParsesWhatIsValid) {
  const absl::StatusOr<nlohmann::json> json =
      ParseJson(R"({"a": {"x": 1}, "b": {"x": [1, 2.5, "é", null, true]}})");
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ((*json)["b"]["x"][2], "é");
}

TEST(JsonTest, BoundsTheNumberOfValues) {
  const JsonLimits limits{.max_depth = 64, .max_values = 3};
  EXPECT_TRUE(ParseJson("[1, {\"a\": 2}]", {.max_values = 4}).ok());
  EXPECT_TRUE(ParseJson("[1, 2]", limits).ok());
  EXPECT_EQ(ParseJson("[1, 2, 3]", limits).status().message(),
            "JSON has over 3 values");
}

TEST(JsonTest, RefusesWithTheReason) {
  ExpectError("", "at offset 0: invalid JSON: parse error at line 1");
  ExpectError(R"({"a": 1,})", "at offset 8: invalid JSON");
  ExpectError("[1] x", "invalid JSON");
  ExpectError("[1e999]", "invalid JSON");
  ExpectError("[\"\xff\"]", R"(last read: \'\"\xff\')");
  ExpectError(R"(["\ud800"])", "invalid JSON");
  ExpectError(R"({"a": {"k": 1, "k": 2}})",
              "JSON key \"k\" stands twice in an object");
  ExpectError(std::string(1'000'000, '['), "nested over 64 deep");
  EXPECT_TRUE(ParseJson(std::string(64, '[') + std::string(64, ']')).ok());
}

}  // namespace
}  // namespace tessera
