#include "services/gateway/playground/playground.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "services/gateway/playground/playground_files.h"

namespace tessera::gateway {
namespace {

absl::string_view Page() { return FindStaticFile("/")->body; }

// What stands in quotes after each `before` in the text.
std::vector<std::string> QuotedAfter(absl::string_view text,
                                     absl::string_view before, char quote) {
  std::vector<std::string> found;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, before);
  for (size_t i = 1; i < parts.size(); ++i) {
    const std::vector<absl::string_view> words =
        absl::StrSplit(parts[i], quote);
    found.emplace_back(words[0]);
  }
  return found;
}

TEST(PlaygroundTest, RootIsThePage) {
  ASSERT_NE(FindStaticFile("/"), nullptr);
  EXPECT_EQ(FindStaticFile("/")->content_type, "text/html; charset=utf-8");
  EXPECT_TRUE(absl::StartsWith(Page(), "<!doctype html>"));
}

TEST(PlaygroundTest, ModulesHaveTheTypeThatBrowsersDemand) {
  EXPECT_EQ(FindStaticFile("/playground/playground.js")->content_type,
            "text/javascript; charset=utf-8");
  EXPECT_EQ(FindStaticFile("/playground/theme.css")->content_type,
            "text/css; charset=utf-8");
  EXPECT_EQ(FindStaticFile("/playground/icon.svg")->content_type,
            "image/svg+xml");
}

TEST(PlaygroundTest, NothingElseIsThere) {
  for (const absl::string_view path :
       {"", "/index.html", "/playground", "/playground/", "/theme.css",
        "/playground/../playground/theme.css", "/playground/BUILD"}) {
    EXPECT_EQ(FindStaticFile(path), nullptr) << path;
  }
}

TEST(PlaygroundTest, WhatThePageNamesIsThere) {
  int num_named = 0;
  for (const absl::string_view attribute : {"src=\"", "href=\""}) {
    for (const std::string& name : QuotedAfter(Page(), attribute, '"')) {
      if (absl::StartsWith(name, "#")) continue;
      ++num_named;
      EXPECT_NE(FindStaticFile(absl::StrCat("/", name)), nullptr) << name;
    }
  }
  EXPECT_GE(num_named, 6);
}

TEST(PlaygroundTest, WhatAModuleImportsIsThere) {
  int num_imported = 0;
  for (const EmbeddedFile& file : PlaygroundFiles()) {
    if (!absl::EndsWith(file.name, ".js")) continue;
    for (const std::string& name : QuotedAfter(file.body, "from './", '\'')) {
      ++num_imported;
      EXPECT_NE(FindStaticFile(absl::StrCat("/playground/", name)), nullptr)
          << file.name << " imports " << name;
    }
  }
  EXPECT_GE(num_imported, 10);
}

TEST(PlaygroundTest, NothingComesFromElsewhere) {
  for (const EmbeddedFile& file : PlaygroundFiles()) {
    for (const std::string& url : QuotedAfter(file.body, "://", '"')) {
      // A namespace, not fetched.
      EXPECT_EQ(url, "www.w3.org/2000/svg") << file.name;
    }
    for (const absl::string_view same_scheme : {"\"//", "'//", "(//"}) {
      EXPECT_FALSE(absl::StrContains(file.body, same_scheme)) << file.name;
    }
  }
}

TEST(PlaygroundTest, ThePageHasNoScriptOrStyleOfItsOwn) {
  for (const absl::string_view inline_part :
       {"<style", "style=", "<script>", "onclick=", "onload=", "javascript:"}) {
    EXPECT_FALSE(absl::StrContains(Page(), inline_part)) << inline_part;
  }
}

}  // namespace
}  // namespace tessera::gateway
