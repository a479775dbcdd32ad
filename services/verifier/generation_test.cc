#include "services/verifier/generation.h"

#include <string>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "libs/tokenizer/small_vocabulary.h"

namespace tessera::verifier {
namespace {

class GenerationTest : public testing::Test {
 protected:
  GenerationTest() {
    words_ = Words::Create(
        *tokenizer::Tokenizer::Create(tokenizer::SmallVocabulary()),
        "{% for m in messages %}{{ m.content }}{% endfor %}");
    request_.mutable_prompt()->mutable_text()->set_text("hello");
  }

  absl::Status Status() {
    return PrepareGeneration(request_, *words_,
                             {.context_len = 100, .vocab_size = 300},
                             absl::Now())
        .status();
  }
  // The field that the error names first.
  std::string Fault() {
    const absl::Status status = Status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    const std::string message(status.message());
    return message.substr(0, message.find(':'));
  }

  std::unique_ptr<const Words> words_;
  v1::GenerateRequest request_;
};

TEST_F(GenerationTest, DefaultsAreTaken) {
  const auto generation = PrepareGeneration(
      request_, *words_, {.context_len = 100, .vocab_size = 300}, absl::Now());
  ASSERT_TRUE(generation.ok()) << generation.status();
  EXPECT_EQ((*generation)->choices.size(), 1);
  EXPECT_TRUE((*generation)->draws);
  EXPECT_FALSE((*generation)->num_logprobs.has_value());
}

TEST_F(GenerationTest, EachFieldIsBounded) {
  const auto wrong = [&](auto set) {
    const v1::GenerateRequest good = request_;
    set(request_);
    const std::string fault = Fault();
    request_ = good;
    return fault;
  };
  using R = v1::GenerateRequest&;
  EXPECT_EQ(wrong([](R r) { r.set_n(0); }), "n");
  EXPECT_EQ(wrong([](R r) { r.set_n(1 << 30); }), "n");
  EXPECT_EQ(wrong([](R r) { r.set_max_tokens(-1); }), "max_tokens");
  EXPECT_EQ(wrong([](R r) { r.set_max_tokens(101); }), "max_tokens");
  EXPECT_EQ(wrong([](R r) { r.add_stop(""); }), "stop");
  EXPECT_EQ(wrong([](R r) { r.add_stop(std::string(1 << 20, 'a')); }), "stop");
  EXPECT_EQ(wrong([](R r) {
              for (int i = 0; i < 1000; ++i) r.add_stop("a");
            }),
            "stop");
  EXPECT_EQ(wrong([](R r) { r.set_num_logprobs(-1); }), "num_logprobs");
  EXPECT_EQ(wrong([](R r) { r.set_num_prompt_logprobs(1 << 20); }),
            "num_prompt_logprobs");
  EXPECT_EQ(wrong([](R r) { r.set_max_draft_tokens(-1); }), "max_draft_tokens");
  EXPECT_EQ(wrong([](R r) { r.set_request_id(std::string(1000, 'a')); }),
            "request_id");
  EXPECT_EQ(wrong([](R r) { r.mutable_sampling()->set_temperature(-1); }),
            "temperature");
  EXPECT_EQ(wrong([](R r) { r.mutable_sampling()->set_top_p(std::nanf("")); }),
            "top_p");
  EXPECT_EQ(wrong([](R r) {
              (*r.mutable_sampling()->mutable_logit_bias())[300] = 1;
            }),
            "logit_bias");
  EXPECT_EQ(wrong([](R r) { r.mutable_sampling()->add_stop_token_ids(-1); }),
            "stop_token_ids");
  EXPECT_EQ(wrong([](R r) { r.clear_prompt(); }), "prompt");
  EXPECT_EQ(
      wrong([](R r) { r.mutable_prompt()->mutable_text()->set_text(""); }),
      "prompt");
  EXPECT_EQ(
      wrong([](R r) {
        r.mutable_prompt()->mutable_text()->set_text(std::string(100, 'z'));
      }),
      "prompt");
  EXPECT_EQ(
      wrong([](R r) { r.mutable_prompt()->mutable_tokens()->add_ids(261); }),
      "prompt");
}

TEST_F(GenerationTest, APromptThatFillsTheContextCanBeScored) {
  request_.mutable_prompt()->mutable_text()->set_text(std::string(100, 'z'));
  request_.set_max_tokens(0);
  EXPECT_TRUE(Status().ok()) << Status();
}

TEST_F(GenerationTest, ChatNeedsATemplate) {
  request_.mutable_prompt()->mutable_chat()->add_messages()->set_content("hi");
  EXPECT_TRUE(Status().ok()) << Status();
  words_ = Words::Create(
      *tokenizer::Tokenizer::Create(tokenizer::SmallVocabulary()), "");
  EXPECT_EQ(Fault(), "prompt");
}

}  // namespace
}  // namespace tessera::verifier
