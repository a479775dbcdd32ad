#include "libs/conversation/stop_text.h"

#include <random>

#include "gtest/gtest.h"

namespace tessera::conversation {
namespace {

TEST(StopTextTest, HoldsBackWhatMayBeginAStop) {
  StopText stop({"END", "\n\n"});
  EXPECT_EQ(stop.Append("one E"), "one ");
  EXPECT_EQ(stop.Append("N"), "");
  EXPECT_EQ(stop.Append("Emy\n"), "ENEmy");
  EXPECT_EQ(stop.Append("two"), "\ntwo");
  EXPECT_EQ(stop.Append("EN"), "");
  EXPECT_FALSE(stop.stopped());
  EXPECT_EQ(stop.Append("D three"), "");
  EXPECT_TRUE(stop.stopped());
  EXPECT_EQ(stop.Append("four"), "");
  EXPECT_EQ(stop.Finish(), "");
}

TEST(StopTextTest, FinishReleasesWhatWasNoStop) {
  StopText stop({"END"});
  EXPECT_EQ(stop.Append("the EN"), "the ");
  EXPECT_EQ(stop.Finish(), "EN");
}

TEST(StopTextTest, WithoutStopsNothingIsHeld) {
  StopText stop({""});
  EXPECT_EQ(stop.Append("abc"), "abc");
  EXPECT_FALSE(stop.stopped());
}

// Where the stop that is complete first begins.
size_t FirstStop(const std::string& text,
                 const std::vector<std::string>& stops) {
  for (size_t end = 0; end <= text.size(); ++end) {
    size_t begin = std::string::npos;
    for (const std::string& stop : stops) {
      if (stop.size() <= end &&
          text.compare(end - stop.size(), stop.size(), stop) == 0) {
        begin = std::min(begin, end - stop.size());
      }
    }
    if (begin != std::string::npos) return begin;
  }
  return std::string::npos;
}

// However the text is cut, what comes out is the text up to the first stop.
TEST(StopTextTest, AgreesWithASearchOfTheWholeText) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto word = [&random](int size) {
    std::string text;
    for (int i = 0; i < size; ++i) text += "ab"[random() % 2];
    return text;
  };
  for (int round = 0; round < 2000; ++round) {
    const std::vector<std::string> stops = {word(1 + random() % 5),
                                            word(1 + random() % 5)};
    const std::string text = word(random() % 20);
    const size_t end = FirstStop(text, stops);
    StopText stop(stops);
    std::string shown;
    for (size_t i = 0; i < text.size();) {
      const size_t size = 1 + random() % 3;
      shown += stop.Append(text.substr(i, size));
      i += size;
    }
    shown += stop.Finish();
    ASSERT_EQ(shown, text.substr(0, end))
        << text << " " << stops[0] << " " << stops[1];
    ASSERT_EQ(stop.stopped(), end != std::string::npos);
  }
}

}  // namespace
}  // namespace tessera::conversation
