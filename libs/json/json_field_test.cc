#include "libs/json/json_field.h"

#include "gtest/gtest.h"
#include "libs/json/json.h"

namespace tessera {
namespace {

class JsonFieldTest : public testing::Test {
 protected:
  const nlohmann::json json_ = *ParseJson(
      R"({"a": {"n": 0, "real": 7.0, "half": 1.5, "big": 18446744073709551615,
          "huge": 1e12, "list": [1, "x"], "text": "é", "flag": true}})");
  const JsonField a_ = JsonField(&json_, "").Get("a");
};

TEST_F(JsonFieldTest, TellsWhereAndWhatWasExpectedAndCame) {
  EXPECT_EQ(a_.Get("n").Int(1, 128).status().message(),
            "a.n: must be an integer from 1 to 128, not 0");
  EXPECT_EQ(a_.Get("list").At(1).Int(0, 1).status().message(),
            "a.list[1]: must be an integer from 0 to 1, not \"x\"");
  EXPECT_EQ(a_.Get("list").Number(0, 1).status().message(),
            "a.list: must be a number from 0 to 1, not an array");
  EXPECT_EQ(a_.Get("text").Bool().status().message(),
            "a.text: must be true or false, not \"\\u00e9\"");
  EXPECT_EQ(a_.Get("missing").String().status().message(),
            "a.missing: must be a string, not null");
  EXPECT_EQ(JsonField(&json_, "").String().status().message(),
            "must be a string, not an object");
}

TEST_F(JsonFieldTest, TakesIntegersHoweverTheyAreWritten) {
  EXPECT_EQ(*a_.Get("real").Int(0, 10), 7);
  EXPECT_EQ(*a_.Get("huge").Int(0, INT64_MAX), 1'000'000'000'000);
  EXPECT_FALSE(a_.Get("huge").Int(0, INT32_MAX).ok());
  EXPECT_FALSE(a_.Get("half").Int(0, 10).ok());
  EXPECT_FALSE(a_.Get("big").Int(INT64_MIN, INT64_MAX).ok());
}

TEST_F(JsonFieldTest, ReadsWhatIsThere) {
  EXPECT_EQ(*a_.Get("half").Number(0, 2), 1.5);
  EXPECT_EQ(*a_.Get("text").String(), "é");
  EXPECT_EQ(*a_.Get("list").ArraySize(), 2);
  EXPECT_TRUE(*a_.Get("flag").Bool());
  EXPECT_TRUE(*a_.Get("missing").Bool(true));
  EXPECT_TRUE(a_.Get("n").Get("deeper").IsNull());
}

}  // namespace
}  // namespace tessera
