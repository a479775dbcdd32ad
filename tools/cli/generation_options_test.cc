#include "tools/cli/generation_options.h"

#include "gtest/gtest.h"

namespace tessera::cli {
namespace {

std::string ErrorOf(const std::vector<std::string>& args) {
  GenerationOptions generation;
  options::Flags flags("try", "");
  AddGenerationFlags(&flags, &generation);
  const absl::Status status = flags.Parse(args);
  return std::string(status.ok() ? generation.Validate().message()
                                 : status.message());
}

TEST(GenerationOptionsTest, TakesTheFieldsOfTheApi) {
  GenerationOptions generation;
  options::Flags flags("try", "");
  AddGenerationFlags(&flags, &generation);
  ASSERT_TRUE(flags
                  .Parse({"--max-tokens",
                          "5",
                          "--temperature",
                          "0.5",
                          "--top-k=40",
                          "--top-p=0.9",
                          "--min-p",
                          "0.05",
                          "--repetition-penalty=1.1",
                          "--frequency-penalty=-1",
                          "--presence-penalty",
                          "0.5",
                          "--logit-bias",
                          "15=-100",
                          "--logit-bias=2=1.5",
                          "--seed",
                          "7",
                          "--stop",
                          "a",
                          "--stop",
                          "b",
                          "--stop-token-ids",
                          "1,2",
                          "--min-tokens=3",
                          "--ignore-eos"})
                  .ok());
  ASSERT_TRUE(generation.Validate().ok()) << generation.Validate();
  EXPECT_EQ(generation.max_tokens, 5);
  EXPECT_EQ(generation.sampling.temperature, 0.5f);
  EXPECT_EQ(generation.sampling.top_k, 40);
  EXPECT_EQ(generation.sampling.frequency_penalty, -1);
  ASSERT_EQ(generation.sampling.logit_bias.size(), 2u);
  EXPECT_EQ(generation.sampling.logit_bias[1].token, 2);
  EXPECT_EQ(generation.sampling.logit_bias[1].bias, 1.5f);
  EXPECT_EQ(generation.seed, 7u);
  EXPECT_EQ(generation.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(generation.sampling.stop_token_ids, (std::vector<int32_t>{1, 2}));
  EXPECT_TRUE(generation.ignore_eos);
}

TEST(GenerationOptionsTest, GreedyUnlessAsked) {
  const GenerationOptions generation;
  EXPECT_TRUE(generation.Validate().ok());
  EXPECT_EQ(generation.sampling.temperature, 0);
}

TEST(GenerationOptionsTest, AValueOutOfRangeNamesTheFieldAndTheRange) {
  EXPECT_EQ(ErrorOf({"--temperature", "101"}),
            "temperature must be between 0 and 100, not 101");
  EXPECT_EQ(ErrorOf({"--max-tokens=0"}),
            "max_tokens must be at least 1, not 0");
  EXPECT_EQ(ErrorOf({"--stop="}), "stop must not be an empty text");
  EXPECT_EQ(ErrorOf({"--logit-bias", "x"}),
            "--logit-bias: expected TOKEN=BIAS, such as 15=-100, got \"x\"");
  std::vector<std::string> many(kMaxStops + 1, "--stop=x");
  EXPECT_EQ(ErrorOf(many), "stop has 17 texts; at most 16 are taken");
}

}  // namespace
}  // namespace tessera::cli
