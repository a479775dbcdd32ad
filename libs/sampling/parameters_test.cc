#include "libs/sampling/parameters.h"

#include <cmath>
#include <functional>
#include <string>

#include "gtest/gtest.h"

namespace tessera::sampling {
namespace {

TEST(SamplingParametersTest, DefaultsAreValid) {
  EXPECT_TRUE(SamplingParameters().Validate(1).ok());
}

TEST(SamplingParametersTest, BoundsAreInside) {
  SamplingParameters p{.temperature = 0,
                       .top_p = 1e-9f,
                       .min_p = 1,
                       .top_k = -1,
                       .repetition_penalty = 100,
                       .frequency_penalty = -2,
                       .presence_penalty = 2,
                       .logit_bias = {{0, -100}, {9, 100}},
                       .min_tokens = 1000000,
                       .stop_token_ids = {9}};
  EXPECT_TRUE(p.Validate(10).ok()) << p.Validate(10);
}

TEST(SamplingParametersTest, NamesTheFieldThatIsWrong) {
  const float nan = std::nanf("");
  struct Wrong {
    std::string field;
    std::function<void(SamplingParameters*)> change;
  };
  const Wrong wrongs[] = {
      {"temperature", [](auto* p) { p->temperature = -0.1f; }},
      {"temperature", [](auto* p) { p->temperature = 1e9f; }},
      {"temperature", [&](auto* p) { p->temperature = nan; }},
      {"top_p", [](auto* p) { p->top_p = 0; }},
      {"top_p", [](auto* p) { p->top_p = 1.01f; }},
      {"top_p", [&](auto* p) { p->top_p = nan; }},
      {"min_p", [](auto* p) { p->min_p = -0.1f; }},
      {"min_p", [](auto* p) { p->min_p = 2; }},
      {"top_k", [](auto* p) { p->top_k = -2; }},
      {"repetition_penalty", [](auto* p) { p->repetition_penalty = 0; }},
      {"repetition_penalty", [&](auto* p) { p->repetition_penalty = nan; }},
      {"frequency_penalty", [](auto* p) { p->frequency_penalty = 2.1f; }},
      {"presence_penalty", [](auto* p) { p->presence_penalty = -99; }},
      {"logit_bias",
       [](auto* p) {
         p->logit_bias = {{10, 1}};
       }},
      {"logit_bias",
       [](auto* p) {
         p->logit_bias = {{-1, 1}};
       }},
      {"logit_bias",
       [](auto* p) {
         p->logit_bias = {{1, 101}};
       }},
      {"logit_bias",
       [](auto* p) {
         p->logit_bias = {{1, 1}, {1, 2}};
       }},
      {"logit_bias", [](auto* p) { p->logit_bias.resize(1025); }},
      {"min_tokens", [](auto* p) { p->min_tokens = -1; }},
      {"stop_token_ids", [](auto* p) { p->stop_token_ids = {10}; }},
      {"stop_token_ids", [](auto* p) { p->stop_token_ids.resize(1025); }},
  };
  for (const Wrong& wrong : wrongs) {
    SamplingParameters parameters;
    wrong.change(&parameters);
    const absl::Status status = parameters.Validate(10);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message().substr(0, wrong.field.size()), wrong.field)
        << status;
  }
}

TEST(ChoiceSeedTest, KeepsTheFirstAndSeparatesTheOthers) {
  EXPECT_EQ(ChoiceSeed(42, 0), 42);
  EXPECT_NE(ChoiceSeed(42, 1), ChoiceSeed(42, 2));
  EXPECT_NE(ChoiceSeed(42, 1), ChoiceSeed(43, 1));
  EXPECT_NE(ChoiceSeed(42, 1), ChoiceSeed(42 + (uint64_t{1} << 32), 1));
}

}  // namespace
}  // namespace tessera::sampling
