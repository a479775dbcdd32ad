// An engine with a draft model: right, wrong, lying or failing.
#include "services/verifier/drafting/draft_model.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "services/verifier/testing/engine_fixture.h"

namespace tessera::verifier {
namespace {

using Text = std::vector<int32_t>;

enum class Behaviour { kRight, kRandom, kLying, kFailing };

// Knows the answers, or makes some up.
class FakeSpeculator : public speculator::SpeculatorClient {
 public:
  FakeSpeculator(Behaviour behaviour, const std::vector<Text>* answers)
      : behaviour_(behaviour), answers_(answers) {}

  bool is_ready() const override { return true; }

  absl::Status Propose(absl::Span<const speculator::DraftRequest> requests,
                       absl::Time deadline,
                       std::vector<speculator::Draft>* drafts,
                       speculator::DraftTimes* times) override {
    *times = {.overhead = absl::Microseconds(1)};
    drafts->clear();
    for (const speculator::DraftRequest& request : requests) {
      drafts->push_back({.tokens = DraftFor(request)});
    }
    if (behaviour_ == Behaviour::kLying && random_() % 3 == 0) {
      drafts->resize(random_() % (drafts->size() + 2));
    }
    if (behaviour_ == Behaviour::kFailing && random_() % 2 == 0) {
      return absl::UnavailableError("gone");
    }
    return absl::OkStatus();
  }

  void Release(speculator::SequenceId) override {}

 private:
  Text DraftFor(const speculator::DraftRequest& request) {
    Text draft;
    if (behaviour_ == Behaviour::kRight) {
      for (const Text& answer : *answers_) {
        const size_t n = request.tokens.size();
        if (answer.size() <= n ||
            !std::equal(request.tokens.begin(), request.tokens.end(),
                        answer.begin())) {
          continue;
        }
        const size_t end = std::min(answer.size(), n + request.max_tokens);
        return Text(answer.begin() + n, answer.begin() + end);
      }
      return draft;
    }
    const bool lies = behaviour_ == Behaviour::kLying;
    const int num_tokens = request.max_tokens + (lies ? random_() % 9 : 0);
    for (int i = 0; i < num_tokens; ++i) {
      draft.push_back(static_cast<int32_t>(random_() % 200));
      if (lies && random_() % 8 == 0)
        draft.back() = random_() % 2 ? -1 : 1 << 30;
    }
    return draft;
  }

  const Behaviour behaviour_;
  const std::vector<Text>* const answers_;
  std::mt19937 random_{3};
};

std::vector<v1::GenerateRequest> Requests() {
  std::vector<v1::GenerateRequest> requests;
  for (int i = 0; i < 12; ++i) {
    v1::GenerateRequest& request = requests.emplace_back();
    request.mutable_prompt()->mutable_text()->set_text(
        std::string(5 + i * 7, static_cast<char>('a' + i)));
    request.set_max_tokens(60);
    request.set_ignore_eos(i % 2 == 0);
    request.set_return_prompt_token_ids(true);
    request.set_num_logprobs(2);
    request.mutable_sampling()->set_temperature(i % 3 * 0.7f);
    request.mutable_sampling()->set_seed(i);
    if (i % 4 == 1) request.mutable_sampling()->set_repetition_penalty(1.2f);
  }
  return requests;
}

struct Outcome {
  std::vector<std::string> bits;
  std::vector<Text> texts;  // prompts and answers
  int num_drafted = 0;
  int num_accepted = 0;
};

Outcome Ask(SpeculationMode mode, Behaviour behaviour,
            const std::vector<Text>* answers) {
  FixtureOptions options;
  options.verifier.speculation = mode;
  options.speculator = [=] {
    return std::make_unique<FakeSpeculator>(behaviour, answers);
  };
  EngineFixture fixture(options);
  Outcome outcome;
  for (int round = 0; round < 2; ++round) {  // one by one, then all at once
    std::vector<EngineFixture::Asked> asked;
    for (const v1::GenerateRequest& request : Requests()) {
      asked.push_back(fixture.Ask(request));
      if (round == 0) asked.back().listener->Wait();
    }
    for (const EngineFixture::Asked& one : asked) {
      const Answer& answer = one.listener->Wait();
      EXPECT_TRUE(answer.status.ok()) << answer.status;
      outcome.bits.push_back(answer.Bits());
      Text text(answer.prompt.token_ids().begin(),
                answer.prompt.token_ids().end());
      text.insert(text.end(), answer.choices[0].token_ids().begin(),
                  answer.choices[0].token_ids().end());
      outcome.texts.push_back(std::move(text));
      for (const v1::DraftedTokens& drafted : answer.usage.drafted()) {
        EXPECT_EQ(drafted.source(), v1::SOURCE_DRAFT_MODEL);
        outcome.num_drafted += drafted.num_drafted();
        outcome.num_accepted += drafted.num_accepted();
      }
    }
  }
  EXPECT_EQ(fixture.engine().stats().num_blocks_in_use, 0);
  return outcome;
}

TEST(DraftModelTest, WhateverItProposesNoAnswerChanges) {
  const Outcome plain = Ask(SpeculationMode::kOff, Behaviour::kRandom, nullptr);
  EXPECT_EQ(plain.num_drafted, 0);
  for (const Behaviour behaviour : {Behaviour::kRight, Behaviour::kRandom,
                                    Behaviour::kLying, Behaviour::kFailing}) {
    SCOPED_TRACE(static_cast<int>(behaviour));
    const Outcome drafted =
        Ask(SpeculationMode::kDraft, behaviour, &plain.texts);
    EXPECT_EQ(drafted.bits, plain.bits);
    EXPECT_GT(drafted.num_drafted, 0);
    if (behaviour == Behaviour::kRight) {
      EXPECT_GT(drafted.num_accepted, 200);
      EXPECT_EQ(drafted.num_accepted, drafted.num_drafted);
    } else {
      EXPECT_LT(drafted.num_accepted, drafted.num_drafted);
    }
  }
}

TEST(DraftModelTest, CatchingUpIsPaidFromCredit) {
  // Takes what the first credit allows, and as much again, to see anything.
  class SlowSpeculator : public FakeSpeculator {
   public:
    SlowSpeculator() : FakeSpeculator(Behaviour::kRandom, nullptr) {}
    absl::Status Propose(absl::Span<const speculator::DraftRequest> requests,
                         absl::Time deadline,
                         std::vector<speculator::Draft>* drafts,
                         speculator::DraftTimes* times) override {
      *times = {.num_catch_up_tokens = 500,
                .catch_up = 2 * DraftModel::kFirstCredit};
      drafts->assign(requests.size(), {.num_behind = 4000});
      return absl::OkStatus();
    }
  };
  DraftModel model(std::make_unique<SlowSpeculator>(), 256);
  speculation::DraftLength lengths;
  const Text tokens(5000, 1);
  DraftModelState state;
  EXPECT_TRUE(model.CanDraft(state, tokens.size()));
  const std::vector<Text> drafts =
      model.Propose({{.tokens = tokens, .max_tokens = 4, .state = &state}},
                    absl::Milliseconds(3), &lengths);
  EXPECT_EQ(drafts, std::vector<Text>{{}});
  EXPECT_EQ(state.num_behind, 4000);
  EXPECT_FALSE(model.CanDraft(state, tokens.size()));
  // One that is not behind needs no credit.
  EXPECT_TRUE(model.CanDraft({.num_seen = 4990}, tokens.size()));
  model.Saved(2 * DraftModel::kFirstCredit);
  EXPECT_TRUE(model.CanDraft(state, tokens.size()));
}

}  // namespace
}  // namespace tessera::verifier
