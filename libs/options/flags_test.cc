#include "libs/options/flags.h"

#include <fstream>

#include "gtest/gtest.h"

namespace tessera::options {
namespace {

enum class Kernels { kAuto, kAvx2 };

struct Options {
  bool json = false;
  int max_tokens = 256;
  std::optional<int> top_k;
  float temperature = 0.7f;
  std::optional<uint64_t> seed;
  std::string model = "m.gguf";
  std::vector<std::string> stop = {"default"};
  std::vector<int> depths = {0};
  int64_t cache_bytes = 1024;
  absl::Duration timeout = absl::Seconds(2);
  Kernels kernels = Kernels::kAuto;
  std::string file;
};

class FlagsTest : public testing::Test {
 protected:
  FlagsTest() : flags_("tessera try", "Tries flags.") {
    flags_.Switch("json", &options_.json, "machine-readable output");
    flags_.Int("max-tokens", &options_.max_tokens, 1, 1000, "tokens at most")
        .Short('n');
    flags_.Int("top-k", &options_.top_k, 0, 100, "the k likeliest");
    flags_.Real("temperature", &options_.temperature, 0, 2, "randomness");
    flags_.Uint64("seed", &options_.seed, "the same draws again");
    flags_.Text("model", &options_.model, "FILE", "a model");
    flags_.Texts("stop", &options_.stop, "TEXT", "ends the answer");
    flags_.Ints("depths", &options_.depths, 0, 9, "depths");
    flags_.Bytes("cache-bytes", &options_.cache_bytes, 0, int64_t{1} << 40,
                 "bound");
    flags_.Time("timeout", &options_.timeout, absl::ZeroDuration(),
                absl::Seconds(60), "deadline");
    flags_.Choice("kernels", &options_.kernels,
                  {{"auto", Kernels::kAuto}, {"avx2", Kernels::kAvx2}},
                  "which kernels");
    flags_.Positional("FILE", &options_.file, "what to read");
  }

  std::string Error(const std::vector<std::string>& args) {
    return std::string(flags_.Parse(args).message());
  }

  std::string Config(const std::string& yaml) {
    const std::string path = testing::TempDir() + "/flags_test.yaml";
    std::ofstream(path) << yaml;
    return path;
  }

  Options options_;
  Flags flags_;
};

TEST_F(FlagsTest, ReadsEveryKind) {
  ASSERT_TRUE(flags_
                  .Parse({"--json",
                          "--max-tokens=5",
                          "--top-k",
                          "40",
                          "--temperature",
                          "0.5",
                          "--seed=18446744073709551615",
                          "--model",
                          "x",
                          "--stop",
                          "a,b",
                          "--stop",
                          "",
                          "--depths",
                          "1,2",
                          "--depths=3",
                          "in.txt",
                          "--cache-bytes",
                          "1GiB",
                          "--timeout",
                          "5s",
                          "--kernels",
                          "avx2"})
                  .ok());
  EXPECT_TRUE(options_.json);
  EXPECT_EQ(options_.max_tokens, 5);
  EXPECT_EQ(options_.top_k, 40);
  EXPECT_EQ(options_.temperature, 0.5f);
  EXPECT_EQ(options_.seed, ~uint64_t{0});
  EXPECT_EQ(options_.model, "x");
  EXPECT_EQ(options_.stop, (std::vector<std::string>{"a,b", ""}));
  EXPECT_EQ(options_.depths, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(options_.cache_bytes, int64_t{1} << 30);
  EXPECT_EQ(options_.timeout, absl::Seconds(5));
  EXPECT_EQ(options_.kernels, Kernels::kAvx2);
  EXPECT_EQ(options_.file, "in.txt");
}

TEST_F(FlagsTest, DefaultsStayWhereNothingIsSaid) {
  ASSERT_TRUE(flags_.Parse({}).ok());
  EXPECT_EQ(options_.max_tokens, 256);
  EXPECT_FALSE(options_.top_k.has_value());
  EXPECT_EQ(options_.stop, std::vector<std::string>{"default"});
}

TEST_F(FlagsTest, ShortNamesSwitchesOffAndTheEndOfFlags) {
  ASSERT_TRUE(
      flags_.Parse({"-n", "7", "--json", "--json=false", "--", "--file"}).ok());
  EXPECT_EQ(options_.max_tokens, 7);
  EXPECT_FALSE(options_.json);
  EXPECT_EQ(options_.file, "--file");
}

TEST_F(FlagsTest, AnUnknownFlagSuggestsTheNearest) {
  EXPECT_EQ(Error({"--temprature", "1"}),
            "--temprature: there is no such flag; did you mean --temperature?");
  EXPECT_EQ(Error({"--zzzzzzzzzz=1"}),
            "--zzzzzzzzzz: there is no such flag (see tessera try --help)");
  EXPECT_EQ(Error({"-x"}),
            "-x: there is no such flag (see tessera try --help)");
}

TEST_F(FlagsTest, ABadValueNamesTheFlagAndTheRange) {
  EXPECT_EQ(Error({"--temperature", "3"}),
            "--temperature: expected a number from 0 to 2, got \"3\"");
  EXPECT_EQ(Error({"--depths", "1,10"}),
            "--depths: expected an integer from 0 to 9, got \"10\"");
  EXPECT_EQ(Error({"--kernels", "sse"}),
            "--kernels: expected auto, avx2, got \"sse\"");
  EXPECT_EQ(Error({"--json=maybe"}),
            "--json: expected true or false, got \"maybe\"");
  EXPECT_EQ(Error({"--model"}), "--model: needs a value: FILE");
  EXPECT_EQ(Error({"a", "b"}),
            "\"b\": one argument too many (see tessera try --help)");
}

TEST_F(FlagsTest, TheCommandLineWinsOverTheFile) {
  const std::string file =
      Config("max_tokens: 9\ntop-k: 3\nstop: [x, y]\ndepths: 4\njson: true\n");
  ASSERT_TRUE(
      flags_.Parse({"--top-k=4", "--config", file, "--stop=z", "--depths=5"})
          .ok());
  EXPECT_EQ(options_.max_tokens, 9);
  EXPECT_EQ(options_.top_k, 4);
  EXPECT_EQ(options_.stop, std::vector<std::string>{"z"});
  EXPECT_EQ(options_.depths, std::vector<int>{5});
  EXPECT_TRUE(options_.json);
}

TEST_F(FlagsTest, AnUnknownKeyNamesItsLine) {
  const std::string file = Config("json: true\ntop_kk: 3\n");
  EXPECT_EQ(Error({"--config", file}),
            file + ":2: top_kk: there is no such flag; did you mean --top-k?");
}

TEST_F(FlagsTest, ABadValueInAFileNamesItsLine) {
  std::string file = Config("top_k: [1, 2]\n");
  EXPECT_EQ(Error({"--config", file}),
            file + ":1: top_k: takes one value, not a list");
  file = Config("\ntop_k: 101\n");
  EXPECT_EQ(Error({"--config", file}),
            file + ":2: top_k: expected an integer from 0 to 100, got \"101\"");
  file = Config("config: other.yaml\n");
  EXPECT_NE(Error({"--config", file}), "");
}

TEST_F(FlagsTest, HelpShowsFlagsAndDefaults) {
  ASSERT_TRUE(flags_.Parse({"--no-such", "--help"}).ok());
  ASSERT_TRUE(flags_.help_requested());
  const std::string help = flags_.Help();
  for (const char* words :
       {"usage: tessera try [FLAG ...] [FILE]", "Tries flags.",
        "-n, --max-tokens N", "tokens at most (default: 256)",
        "--kernels auto|avx2", "(default: auto)", "FILE  what to read"}) {
    EXPECT_NE(help.find(words), std::string::npos) << words << "\n" << help;
  }
}

}  // namespace
}  // namespace tessera::options
