#include "libs/http/request_target.h"

#include "gtest/gtest.h"

namespace tessera::http {
namespace {

std::string Parsed(absl::string_view text) {
  RequestTarget target;
  if (!ParseRequestTarget(text, &target)) return "refused";
  return target.path + " " + target.query;
}

TEST(RequestTargetTest, SplitsAndDecodesThePath) {
  EXPECT_EQ(Parsed("/"), "/ ");
  EXPECT_EQ(Parsed("/a%20b/%C3%a9?c=%64&d=?"), "/a b/\xc3\xa9 c=%64&d=?");
  EXPECT_EQ(Parsed("/a%2Fb?"), "/a/b ");
  EXPECT_EQ(Parsed("/a+b"), "/a+b ");
}

TEST(RequestTargetTest, TakesWhatProxiesAreSent) {
  EXPECT_EQ(Parsed("http://host:80/a?b"), "/a b");
  EXPECT_EQ(Parsed("HTTP://host"), "/ ");
  EXPECT_EQ(Parsed("http://host?b"), "/ b");
  EXPECT_EQ(Parsed("*"), "* ");
}

TEST(RequestTargetTest, RefusesOtherForms) {
  for (absl::string_view text : {"host:443", "a", "*a", "ftp://host/a", "/%",
                                 "/%1", "/%1g", "/%g1", "/%-1", "/a%00b"}) {
    EXPECT_EQ(Parsed(text), "refused") << text;
  }
}

}  // namespace
}  // namespace tessera::http
