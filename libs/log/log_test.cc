#include "libs/log/log.h"

#include <unistd.h>

#include <cmath>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace tessera::log {
namespace {

constexpr size_t kTimeBytes = 27;  // 2026-01-31T10:00:00.123456Z

std::string TextAfterTime(absl::string_view event,
                          std::initializer_list<Field> fields) {
  return FormatEvent(Format::kText, kInfo, event, fields).substr(kTimeBytes);
}

nlohmann::json Json(std::initializer_list<Field> fields) {
  return nlohmann::json::parse(
      FormatEvent(Format::kJson, kError, "an event", fields));
}

// What `write_events` writes to standard error.
template <typename F>
std::string StandardErrorOf(F write_events) {
  testing::internal::CaptureStderr();
  write_events();
  return testing::internal::GetCapturedStderr();
}

TEST(LogTest, ATextLineIsTimeLevelEventAndFields) {
  const std::string line =
      FormatEvent(Format::kText, kWarning, "request finished",
                  {{"request_id", "chat-7"}, {"tokens", 17}, {"seconds", .25}});
  EXPECT_EQ(line.substr(kTimeBytes),
            " WARNING request finished request_id=chat-7 tokens=17 "
            "seconds=0.25");
  EXPECT_EQ(line[4], '-');
  EXPECT_EQ(line[10], 'T');
  EXPECT_EQ(line[19], '.');
  EXPECT_EQ(line[26], 'Z');
}

TEST(LogTest, AJsonLineKeepsTypes) {
  const nlohmann::json line = Json({{"text", "17"},
                                    {"int", -17},
                                    {"real", 1.0 / 3},
                                    {"yes", true},
                                    {"nan", std::nan("")}});
  EXPECT_EQ(line["level"], "error");
  EXPECT_EQ(line["event"], "an event");
  EXPECT_EQ(line["text"], "17");
  EXPECT_EQ(line["int"], -17);
  EXPECT_EQ(line["real"], 0.333333);
  EXPECT_EQ(line["yes"], true);
  EXPECT_TRUE(line["nan"].is_null());
  EXPECT_EQ(line["time"].get<std::string>().size(), kTimeBytes);
}

TEST(LogTest, TextThatWouldBeMisreadIsQuoted) {
  EXPECT_EQ(TextAfterTime("e", {{"a", "two words"}, {"b", ""}, {"c", "x=y"}}),
            " INFO e a=\"two words\" b=\"\" c=\"x=y\"");
  EXPECT_EQ(TextAfterTime("e", {{"a", "say \"hi\"\\"}}),
            " INFO e a=\"say \\\"hi\\\"\\\\\"");
}

TEST(LogTest, NoValueBreaksTheLineOrReachesTheTerminal) {
  const absl::string_view hostile("a\nb\r\x1b[2J\0\x7f\xc2\x9b", 12);
  const std::string line = TextAfterTime("e\nINFO forged", {{"a", hostile}});
  EXPECT_EQ(line,
            " INFO e\\nINFO forged "
            "a=\"a\\nb\\u000d\\u001b[2J\\u0000\\u007f\\u009b\"");
  EXPECT_EQ(Json({{"a", hostile}})["a"], std::string(hostile));
}

TEST(LogTest, InvalidUtf8BecomesReplacementCharacters) {
  EXPECT_EQ(Json({{"a", "\xc3\xa9"}})["a"], "\xc3\xa9");
  EXPECT_EQ(Json({{"a", "x\xff\xc3(\xed\xa0\x80\xe2\x82"}})["a"],
            "x\ufffd\ufffd(\ufffd\ufffd\ufffd\ufffd");
  EXPECT_EQ(Json({{"a", "\xf0\x9f\x98\x80\xf4\x90\x80\x80"}})["a"],
            "\U0001f600\ufffd\ufffd\ufffd\ufffd");
}

TEST(LogTest, EventsBelowTheLevelAreDropped) {
  SetLevel(kWarning);
  const std::string written = StandardErrorOf([] {
    Event(kInfo, "quiet");
    Event(kError, "loud");
  });
  SetLevel(kInfo);
  EXPECT_FALSE(absl::StrContains(written, "quiet"));
  EXPECT_TRUE(absl::StrContains(written, "ERROR loud\n"));
}

TEST(LogTest, LinesOfManyThreadsStayWhole) {
  SetFormat(Format::kJson);
  const std::string written = StandardErrorOf([] {
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([t] {
        for (int i = 0; i < 200; ++i) {
          Event(kInfo, "event", {{"thread", t}, {"i", i}});
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  SetFormat(Format::kText);
  int num_lines = 0;
  for (absl::string_view line :
       absl::StrSplit(written, '\n', absl::SkipEmpty())) {
    ASSERT_TRUE(nlohmann::json::accept(line)) << line;
    ++num_lines;
  }
  EXPECT_EQ(num_lines, 1600);
}

}  // namespace
}  // namespace tessera::log
