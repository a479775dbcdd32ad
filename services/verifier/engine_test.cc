#include "services/verifier/engine.h"

#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/verifier/testing/engine_fixture.h"

namespace tessera::verifier {
namespace {

v1::GenerateRequest TextRequest(const std::string& text, int max_tokens) {
  v1::GenerateRequest request;
  request.mutable_prompt()->mutable_text()->set_text(text);
  request.set_max_tokens(max_tokens);
  request.set_stream(true);
  request.mutable_sampling()->set_temperature(0);
  return request;
}

const Answer& Get(EngineFixture& fixture, const v1::GenerateRequest& request) {
  // The listener lives as long as the test.
  static std::vector<std::shared_ptr<Listener>> kept;
  kept.push_back(fixture.Ask(request).listener);
  return kept.back()->Wait();
}

TEST(EngineTest, AnswersWithTokensTextAndUsage) {
  FixtureOptions options;
  options.verifier.speculation = SpeculationMode::kOff;
  options.verifier.stream_interval = absl::ZeroDuration();
  EngineFixture fixture(options);
  v1::GenerateRequest request = TextRequest("hello world", 20);
  request.set_ignore_eos(true);
  request.set_return_prompt_token_ids(true);
  const Answer& answer = Get(fixture, request);
  ASSERT_TRUE(answer.status.ok()) << answer.status;
  ASSERT_EQ(answer.choices.size(), 1);
  EXPECT_EQ(answer.choices[0].token_ids_size(), 20);
  EXPECT_EQ(answer.choices[0].finish_reason(), v1::LENGTH);
  EXPECT_EQ(answer.usage.num_generated_tokens(), 20);
  EXPECT_EQ(answer.usage.num_prompt_tokens(), answer.prompt.num_tokens());
  EXPECT_EQ(answer.prompt.token_ids_size(), answer.prompt.num_tokens());
  EXPECT_GE(answer.num_responses, 20);
  request.set_stream(false);
  const Answer& whole = Get(fixture, request);
  EXPECT_EQ(whole.num_responses, 1);
  EXPECT_EQ(whole.Bits(), answer.Bits());
}

TEST(EngineTest, TokensWithinTheStreamIntervalAreSentTogether) {
  FixtureOptions options;
  options.verifier.stream_interval = absl::Seconds(10);
  EngineFixture fixture(options);
  v1::GenerateRequest request = TextRequest("hello world", 20);
  request.set_ignore_eos(true);
  const Answer& answer = Get(fixture, request);
  EXPECT_EQ(answer.num_responses, 2) << "the first token, and the rest";
  EXPECT_EQ(answer.choices[0].token_ids_size(), 20);
}

// A request of every kind that sampling, scheduling or the cache could treat
// otherwise in company.
v1::GenerateRequest RandomRequest(std::mt19937& random) {
  static const char* const kStems[] = {
      "hello world, hello well, what a shell; ",
      "once upon a time there was a well in a world of its own making, and "
      "nobody knew how deep it went; so one day they let down a bucket. "};
  std::string text = kStems[random() % 2];
  for (int i = random() % 60; i > 0; --i) {
    text += std::string(1, static_cast<char>('a' + random() % 26));
  }
  v1::GenerateRequest request = TextRequest(text, 1 + random() % 50);
  request.set_ignore_eos(random() % 2 == 0);
  request.set_priority(random() % 3);
  if (random() % 2 == 0) request.set_num_logprobs(random() % 4);
  if (random() % 5 == 0) request.set_num_prompt_logprobs(2);
  if (random() % 3 == 0) request.set_n(1 + random() % 4);
  if (random() % 4 == 0) request.add_stop("e");
  if (random() % 4 == 0) request.set_cache_salt("tenant");
  v1::SamplingParameters* sampling = request.mutable_sampling();
  if (random() % 3 != 0) {
    sampling->set_temperature(0.5f + (random() % 10) * 0.1f);
    sampling->set_seed(random());
  }
  if (random() % 3 == 0) sampling->set_top_k(1 + random() % 40);
  if (random() % 3 == 0) sampling->set_top_p(0.8f);
  if (random() % 4 == 0) sampling->set_repetition_penalty(1.3f);
  if (random() % 4 == 0) sampling->set_frequency_penalty(0.7f);
  if (random() % 4 == 0) sampling->set_min_tokens(random() % 20);
  if (random() % 4 == 0) (*sampling->mutable_logit_bias())[97] = 4;
  return request;
}

// The invariant, end to end: greedy and seeded answers and their
// log-probabilities are the same bits alone and in company, however prompts are
// cut, cached or preempted.
TEST(EngineTest, CompanyChunksCacheAndPreemptionChangeNoBit) {
  std::mt19937 random(11);
  std::vector<v1::GenerateRequest> requests;
  for (int i = 0; i < 60; ++i) requests.push_back(RandomRequest(random));
  std::vector<std::string> alone;
  {
    FixtureOptions options;
    options.verifier.prefix_caching = false;
    EngineFixture fixture(options);
    for (const v1::GenerateRequest& request : requests) {
      const Answer& answer = Get(fixture, request);
      ASSERT_TRUE(answer.status.ok()) << answer.status;
      alone.push_back(answer.Bits());
    }
  }
  struct Company {
    int num_threads;
    int64_t max_batch_tokens;
    int32_t num_blocks;
    bool prefix_caching;
  };
  int64_t num_preemptions = 0;
  for (const Company& company :
       {Company{1, 64, 256, true}, Company{2, 7, 12, true},
        Company{3, 33, 12, false}}) {
    SCOPED_TRACE(company.max_batch_tokens);
    FixtureOptions options;
    options.num_threads = company.num_threads;
    options.max_batch_tokens = company.max_batch_tokens;
    options.num_blocks = company.num_blocks;
    options.verifier.prefix_caching = company.prefix_caching;
    EngineFixture fixture(options);
    std::vector<EngineFixture::Asked> asked;
    for (const v1::GenerateRequest& request : requests) {
      asked.push_back(fixture.Ask(request));
    }
    for (size_t i = 0; i < requests.size(); ++i) {
      EXPECT_EQ(asked[i].listener->Wait().Bits(), alone[i])
          << requests[i].DebugString();
    }
    const scheduling::SchedulerStats stats = fixture.engine().stats();
    num_preemptions += stats.num_preemptions;
  }
  EXPECT_GT(num_preemptions, 0) << "nothing was preempted: nothing was shown";
}

int NumDrafted(const Answer& answer) {
  int num_drafted = 0;
  for (const v1::DraftedTokens& one : answer.usage.drafted()) {
    EXPECT_LE(one.num_accepted(), one.num_drafted());
    num_drafted += one.num_drafted();
  }
  return num_drafted;
}

// Whatever is drafted, right or wrong, by whom and for whom.
TEST(EngineTest, DraftsChangeNoBit) {
  std::mt19937 random(5);
  std::vector<v1::GenerateRequest> requests;
  for (int i = 0; i < 60; ++i) {
    requests.push_back(RandomRequest(random));
    requests.back().set_return_token_sources(true);
  }
  std::vector<std::string> plain;
  {
    FixtureOptions options;
    options.verifier.speculation = SpeculationMode::kOff;
    EngineFixture fixture(options);
    for (v1::GenerateRequest& request : requests) {
      const Answer& answer = Get(fixture, request);
      ASSERT_EQ(NumDrafted(answer), 0);
      plain.push_back(answer.Bits());
      // Partly right: its own text, and then another's.
      if (random() % 2 == 0 && !answer.choices.empty()) {
        request.set_prediction(answer.choices[0].text() + "hello world" +
                               answer.choices[0].text());
      }
      if (random() % 4 == 0) request.set_max_draft_tokens(random() % 4);
    }
  }
  int num_drafted = 0;
  for (const auto& [num_threads, num_blocks] : {std::pair(1, 256), {2, 14}}) {
    SCOPED_TRACE(num_blocks);
    FixtureOptions options;
    options.num_threads = num_threads;
    options.num_blocks = num_blocks;
    options.verifier.max_draft_tokens = 7;
    EngineFixture fixture(options);
    for (size_t i = 0; i < requests.size(); ++i) {  // alone
      const Answer& answer = Get(fixture, requests[i]);
      EXPECT_EQ(answer.Bits(), plain[i]) << requests[i].DebugString();
      num_drafted += NumDrafted(answer);
    }
    std::vector<EngineFixture::Asked> asked;
    for (const auto& request : requests) asked.push_back(fixture.Ask(request));
    for (size_t i = 0; i < requests.size(); ++i) {
      const Answer& answer = asked[i].listener->Wait();
      EXPECT_EQ(answer.Bits(), plain[i]) << requests[i].DebugString();
      for (const v1::ChoiceDelta& choice : answer.choices) {
        EXPECT_EQ(choice.sources_size(), choice.token_ids_size());
      }
    }
    EXPECT_EQ(fixture.engine().stats().num_blocks_in_use, 0);
  }
  EXPECT_GT(num_drafted, 100) << "next to nothing was drafted";
}

TEST(EngineTest, ARightPredictionIsAcceptedAndCounted) {
  EngineFixture fixture({});
  v1::GenerateRequest request = TextRequest("once upon a time", 200);
  request.set_ignore_eos(true);
  request.set_return_token_sources(true);
  const Answer& plain = Get(fixture, request);
  request.set_prediction(plain.choices[0].text());
  // Drafts are made where they pay, by measured times: ask until enough were.
  int num_accepted = 0, num_from_drafts = 0;
  for (int i = 0; i < 40 && num_accepted <= 20; ++i) {
    const Answer& predicted = Get(fixture, request);
    EXPECT_EQ(predicted.choices[0].text(), plain.choices[0].text());
    for (const v1::DraftedTokens& one : predicted.usage.drafted()) {
      num_accepted += one.num_accepted();
    }
    for (const int source : predicted.choices[0].sources()) {
      num_from_drafts += source != v1::SOURCE_TARGET;
    }
    EXPECT_EQ(num_accepted, num_from_drafts);
  }
  EXPECT_GT(num_accepted, 20);
}

TEST(EngineTest, ARequestMayHaveShorterDraftsOrNone) {
  EngineFixture fixture({});
  v1::GenerateRequest request = TextRequest("once upon a time", 200);
  request.set_ignore_eos(true);
  request.set_return_token_sources(true);
  request.set_prediction(Get(fixture, request).choices[0].text());
  for (const auto& [most, num_answers] : {std::pair(3, 40), {0, 5}}) {
    request.set_max_draft_tokens(most);
    int num_drafted = 0;
    // Drafts are made where they pay, by measured times.
    for (int i = 0; i < num_answers && num_drafted == 0; ++i) {
      const Answer& answer = Get(fixture, request);
      num_drafted += NumDrafted(answer);
      // Behind an accepted draft comes a token of the target's.
      int run = 0;
      for (const int source : answer.choices[0].sources()) {
        run = source == v1::SOURCE_TARGET ? 0 : run + 1;
        EXPECT_LE(run, most);
      }
    }
    EXPECT_EQ(num_drafted > 0, most > 0);
  }
}

TEST(EngineTest, PromptLogprobsAreThoseOfGeneration) {
  EngineFixture fixture({});
  v1::GenerateRequest request = TextRequest("hello world", 12);
  request.set_ignore_eos(true);
  request.set_num_logprobs(1);
  request.set_return_prompt_token_ids(true);
  const Answer& drawn = Get(fixture, request);
  v1::GenerateRequest score;
  v1::TokenIds* ids = score.mutable_prompt()->mutable_tokens();
  *ids->mutable_ids() = drawn.prompt.token_ids();
  ids->mutable_ids()->MergeFrom(drawn.choices[0].token_ids());
  score.set_max_tokens(0);
  score.set_num_prompt_logprobs(1);
  const Answer& scored = Get(fixture, score);
  ASSERT_TRUE(scored.status.ok()) << scored.status;
  EXPECT_TRUE(scored.choices.empty());
  EXPECT_EQ(scored.usage.num_generated_tokens(), 0);
  ASSERT_EQ(scored.prompt.logprobs_size(), ids->ids_size() - 1);
  const int first = drawn.prompt.token_ids_size() - 1;
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(scored.prompt.logprobs(first + i).SerializeAsString(),
              drawn.choices[0].logprobs(i).SerializeAsString());
  }
}

TEST(EngineTest, TheSamePromptIsFoundInTheCache) {
  EngineFixture fixture({});
  const v1::GenerateRequest request = TextRequest(std::string(200, 'a'), 2);
  const Answer& cold = Get(fixture, request);
  const Answer& warm = Get(fixture, request);
  EXPECT_EQ(cold.usage.num_cached_tokens(), 0);
  EXPECT_GE(warm.usage.num_cached_tokens(), 192);
  EXPECT_LT(warm.usage.num_cached_tokens(), warm.usage.num_prompt_tokens());
  EXPECT_EQ(warm.Bits(), cold.Bits());
  v1::GenerateRequest salted = request;
  salted.set_cache_salt("another");
  EXPECT_EQ(Get(fixture, salted).usage.num_cached_tokens(), 0);
}

std::string WriteFile(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + name;
  std::ofstream(path) << text;
  return path;
}

// 100 shared tokens are 3 whole blocks of 32.
TEST(EngineTest, ASharedPrefixIsEverySaltsAndWhatIsBehindIsNot) {
  const std::string stem(100, 's');
  FixtureOptions options;
  options.verifier.shared_prefix_files = {WriteFile("stem", stem)};
  EngineFixture fixture(options);
  FixtureOptions uncached;
  uncached.verifier.prefix_caching = false;
  EngineFixture plain(uncached);
  const auto ask = [&](EngineFixture& engine, const std::string& text,
                       const std::string& salt) -> const Answer& {
    v1::GenerateRequest request = TextRequest(text, 20);
    request.set_num_logprobs(2);
    request.set_cache_salt(salt);
    return Get(engine, request);
  };
  const std::string mine = stem + std::string(100, 'm');
  const std::string bits = ask(plain, mine, "").Bits();
  const auto cached = [&](const std::string& salt) {
    const Answer& answer = ask(fixture, mine, salt);
    EXPECT_EQ(answer.Bits(), bits) << salt;
    return answer.usage.num_cached_tokens();
  };
  EXPECT_EQ(cached("alice"), 0);
  EXPECT_EQ(cached("bob"), 96);  // as if alice had asked nothing but the stem
  EXPECT_EQ(cached(""), 96);
  EXPECT_GE(cached("alice"), 192);
  EXPECT_GE(cached("bob"), 192);
  // What does not begin with all of a block of it is nobody else's.
  const std::string other = std::string(31, 's') + std::string(100, 'o');
  EXPECT_EQ(ask(fixture, other, "alice").usage.num_cached_tokens(), 0);
  EXPECT_EQ(ask(fixture, other, "bob").usage.num_cached_tokens(), 0);
}

// What an attacker can see of another's prompts: the tokens computed for it
// (its time) after a victim asked the same, and after a victim asked something
// else. Paired, so that nothing but the victim differs.
TEST(EngineTest, AnotherSaltIsComputedAlikeWhateverAVictimAsked) {
  const std::string secret(200, 'x');
  const auto probe = [&](const std::string& victims, const std::string& salt) {
    FixtureOptions options;
    options.verifier.shared_prefix_files = {
        WriteFile("stem", std::string(64, 's'))};
    EngineFixture fixture(options);
    for (const std::string& stem : {std::string(), std::string(64, 's')}) {
      v1::GenerateRequest request = TextRequest(stem + victims, 4);
      request.set_cache_salt("victim");
      EXPECT_TRUE(Get(fixture, request).status.ok());
    }
    std::vector<int64_t> seen;
    for (const std::string& stem : {std::string(), std::string(64, 's')}) {
      v1::GenerateRequest request = TextRequest(stem + secret, 4);
      request.set_cache_salt(salt);
      const Answer& answer = Get(fixture, request);
      seen.push_back(answer.usage.num_cached_tokens());
    }
    return seen;
  };
  const std::vector<int64_t> nothing = {0, 64};
  EXPECT_EQ(probe(secret, "attacker"), nothing);
  EXPECT_EQ(probe(std::string(200, 'y'), "attacker"), nothing);
  EXPECT_NE(probe(secret, "victim"), nothing);
}

TEST(EngineTest, ACancelledGenerationFreesItsBlocksAndTheOthersGoOn) {
  EngineFixture fixture({});
  v1::GenerateRequest request = TextRequest("hello", 1500);
  request.set_ignore_eos(true);
  request.set_n(3);
  const auto cancelled = fixture.Ask(request);
  request.set_max_tokens(30);
  const auto other = fixture.Ask(request);
  cancelled.listener->WaitForResponses(3);
  cancelled.generation->is_cancelled = true;
  fixture.engine().Wake();
  EXPECT_TRUE(absl::IsCancelled(cancelled.listener->Wait().status));
  EXPECT_TRUE(other.listener->Wait().status.ok());
  const scheduling::SchedulerStats stats = fixture.engine().stats();
  EXPECT_EQ(stats.num_running, 0);
  EXPECT_EQ(stats.num_blocks_in_use, 0);
}

TEST(EngineTest, AFullQueueRefusesAtOnce) {
  FixtureOptions options;
  options.verifier.max_queued = 4;
  options.verifier.max_running = 1;
  EngineFixture fixture(options);
  v1::GenerateRequest request = TextRequest("hello", 300);
  request.set_ignore_eos(true);
  std::vector<EngineFixture::Asked> asked;
  for (int i = 0; i < 20; ++i) asked.push_back(fixture.Ask(request));
  int num_refused = 0;
  for (const EngineFixture::Asked& one : asked) {
    const absl::Status& status = one.listener->Wait().status;
    if (absl::IsResourceExhausted(status)) ++num_refused;
  }
  EXPECT_GE(num_refused, 10);
  EXPECT_LE(num_refused, 16);
}

TEST(EngineTest, AnAnswerEndsWhereTheContextEnds) {
  EngineFixture fixture({});
  v1::GenerateRequest request = TextRequest(std::string(2040, 'z'), 1);
  request.set_ignore_eos(true);
  request.clear_max_tokens();
  const Answer& answer = Get(fixture, request);
  ASSERT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(
      answer.usage.num_prompt_tokens() + answer.usage.num_generated_tokens(),
      fixture.info().limits.context_len);
  EXPECT_EQ(answer.choices[0].finish_reason(), v1::LENGTH);
}

TEST(EngineTest, MinTokensHoldsOffEveryEnd) {
  EngineFixture fixture({});
  v1::GenerateRequest request = TextRequest("hello", 40);
  v1::SamplingParameters* sampling = request.mutable_sampling();
  (*sampling->mutable_logit_bias())[260] = 100;  // the end token
  EXPECT_EQ(Get(fixture, request).usage.num_generated_tokens(), 1);
  sampling->set_min_tokens(17);
  const Answer& answer = Get(fixture, request);
  EXPECT_EQ(answer.usage.num_generated_tokens(), 18);
  EXPECT_EQ(answer.choices[0].finish_reason(), v1::STOP);
}

TEST(EngineTest, StoppingTheEngineTellsWhoWaits) {
  EngineFixture fixture({});
  v1::GenerateRequest request = TextRequest("hello", 2000);
  request.set_ignore_eos(true);
  const auto running = fixture.Ask(request);
  running.listener->WaitForResponses(2);
  fixture.engine().Stop();
  EXPECT_TRUE(absl::IsUnavailable(running.listener->Wait().status));
  EXPECT_TRUE(absl::IsUnavailable(Get(fixture, request).status));
}

}  // namespace
}  // namespace tessera::verifier
