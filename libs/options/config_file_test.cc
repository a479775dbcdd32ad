#include "libs/options/config_file.h"

#include "gtest/gtest.h"

namespace tessera::options {
namespace {

std::string ErrorOf(absl::string_view yaml) {
  return std::string(ParseConfig("c.yaml", yaml).status().message());
}

TEST(ConfigFileTest, ReadsValuesAndLists) {
  const auto entries =
      ParseConfig("c.yaml", "# words\ntop_k: 40\nstop: [a, \"b: c\"]\n");
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 2);
  EXPECT_EQ((*entries)[0].key, "top_k");
  EXPECT_EQ((*entries)[0].line, 2);
  EXPECT_EQ((*entries)[0].values, std::vector<std::string>{"40"});
  EXPECT_EQ((*entries)[1].values, (std::vector<std::string>{"a", "b: c"}));
}

TEST(ConfigFileTest, AnEmptyFileSetsNothing) {
  EXPECT_TRUE(ParseConfig("c.yaml", "")->empty());
  EXPECT_TRUE(ParseConfig("c.yaml", "# nothing yet\n")->empty());
}

TEST(ConfigFileTest, ErrorsSayTheLine) {
  EXPECT_EQ(ErrorOf("a: 1\nb: {c: 2}\n"),
            "c.yaml:2: b: expected a value or a list");
  EXPECT_EQ(ErrorOf("a:\n  - 1\n  - [2]\n"),
            "c.yaml:3: a: expected a list of values");
  EXPECT_EQ(ErrorOf("a: 1\na: 2\n"), "c.yaml:2: a: set twice");
  EXPECT_EQ(ErrorOf("- a\n"),
            "c.yaml:1: expected lines of the form `flag: value`");
  EXPECT_EQ(ErrorOf("a: 1\nb: [\n").substr(0, 17), "c.yaml:3: not YAM");
  EXPECT_EQ(ErrorOf("[a]: 1\n"), "c.yaml:1: expected a name");
}

TEST(ConfigFileTest, AMissingFileIsNamed) {
  const auto missing = ReadConfigFile("/nowhere/c.yaml");
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(missing.status().message(),
            "/nowhere/c.yaml: cannot read the configuration file");
}

}  // namespace
}  // namespace tessera::options
