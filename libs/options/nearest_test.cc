#include "libs/options/nearest.h"

#include "gtest/gtest.h"

namespace tessera::options {
namespace {

TEST(NearestTest, FindsTheLikelyTypingError) {
  const std::vector<std::string> names = {"temperature", "top-k", "top-p"};
  EXPECT_EQ(Nearest("temprature", names), "temperature");
  EXPECT_EQ(Nearest("topp", names), "top-p");
  EXPECT_EQ(Nearest("top-x", names), "top-k") << "the first of equals";
  EXPECT_EQ(Nearest("threads", names), "");
  EXPECT_EQ(Nearest("", names), "");
}

}  // namespace
}  // namespace tessera::options
