#include "services/speculator/speculator.h"

#include <map>
#include <random>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "services/speculator/testing/draft_oracle.h"

namespace tessera::speculator {
namespace {

using Tokens = std::vector<int32_t>;

constexpr int32_t kVocab = 300;

class SpeculatorTest : public testing::Test {
 protected:
  void Start(const SpeculatorOptions& options,
             const SmallModelOptions& model = {}, int32_t vocab = kVocab) {
    auto speculator =
        Speculator::Create(SmallModel(model), vocab, options, &registry_);
    ASSERT_TRUE(speculator.ok()) << speculator.status();
    speculator_ = *std::move(speculator);
  }

  int Pick(int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random_);
  }
  Tokens SomeTokens(int size) {
    Tokens tokens(size);
    for (int32_t& token : tokens) token = Pick(0, kVocab - 1);
    return tokens;
  }

  std::vector<Draft> Propose(absl::Span<const DraftRequest> requests,
                             absl::Time deadline = absl::InfiniteFuture()) {
    std::vector<Draft> drafts;
    const absl::Status status =
        speculator_->Propose(requests, deadline, &drafts, &times_);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(drafts.size(), requests.size());
    return drafts;
  }
  // Asks until it has caught up.
  Tokens DraftOf(const DraftRequest& request) {
    Draft draft;
    do {
      draft = Propose({&request, 1})[0];
    } while (draft.num_behind > 0);
    if (draft.tokens.empty()) draft = Propose({&request, 1})[0];
    return draft.tokens;
  }

  std::mt19937 random_{7};
  metrics::Registry registry_;
  std::unique_ptr<Speculator> speculator_;
  DraftTimes times_;
  DraftOracle oracle_{{}};
};

// A sequence of an imagined verifier, its answer whatever happens to it.
struct Sequence {
  Tokens prompt;
  sampling::Sampler sampler;
  Tokens known;
  Tokens draft;  // the latest

  void Add(int32_t token) {
    known.push_back(token);
    sampler.Append(token);
  }
};

class RandomSpeculatorTest : public SpeculatorTest {
 protected:
  Sequence NewSequence() {
    sampling::SamplingParameters parameters;
    const int kind = Pick(0, 3);
    parameters.temperature = kind == 0 ? 0 : 0.8f;
    parameters.top_p = kind == 2 ? 0.9f : 1;
    parameters.top_k = kind == 3 ? 40 : 0;
    if (Pick(0, 1) == 1) {
      parameters.repetition_penalty = 1.3f;
      parameters.frequency_penalty = 0.5f;
      parameters.presence_penalty = -0.5f;
    }
    parameters.min_tokens = Pick(0, 5);
    parameters.stop_token_ids = {3, 77};
    parameters.logit_bias = {{5, 2.5f}};
    parameters.seed = random_();
    const Tokens prompt = SomeTokens(Pick(1, 70));
    return {prompt,
            *sampling::Sampler::Create(parameters, kVocab, prompt),
            prompt,
            {}};
  }

  // The target keeps some of the draft and draws one token of its own.
  void Verify(Sequence* sequence) {
    const int num_kept = Pick(0, sequence->draft.size());
    for (int i = 0; i < num_kept; ++i) sequence->Add(sequence->draft[i]);
    sequence->Add(Pick(0, kVocab - 1));
    sequence->draft.clear();
  }

  void Step(bool is_tiny) {
    std::vector<SequenceId> chosen;
    for (auto& [id, sequence] : sequences_) {
      if (Pick(0, 2) > 0) chosen.push_back(id);
    }
    std::shuffle(chosen.begin(), chosen.end(), random_);
    std::vector<DraftRequest> requests;
    for (const SequenceId id : chosen) {
      const Sequence& sequence = sequences_.at(id);
      requests.push_back({.sequence = id,
                          .tokens = sequence.known,
                          .max_tokens = Pick(0, 6),
                          .sampler = &sequence.sampler,
                          .cache_salt = id % 3 == 0 ? "salt" : ""});
    }
    const std::vector<Draft> drafts = Propose(requests);
    for (size_t i = 0; i < chosen.size(); ++i) {
      Check(requests[i], drafts[i], is_tiny);
      Sequence& sequence = sequences_.at(chosen[i]);
      if (Pick(0, 4) > 0) sequence.draft = drafts[i].tokens;  // or it is lost
      if (Pick(0, 5) > 0) Verify(&sequence);  // or the call is repeated
      if (Pick(0, 30) == 0 || sequence.known.size() > 200) {
        if (Pick(0, 1) == 0) speculator_->Release(chosen[i]);
        sequences_.at(chosen[i]) = NewSequence();
      }
    }
  }

  void Check(const DraftRequest& request, const Draft& draft, bool is_tiny) {
    EXPECT_EQ(draft.tokens, oracle_.Draft(request, draft.tokens.size()));
    EXPECT_LE(draft.tokens.size(), request.max_tokens);
    num_drafted_ += draft.tokens.size();
    if (is_tiny) return;
    if (draft.num_behind == 0 && times_.num_catch_up_tokens == 0) {
      EXPECT_EQ(draft.tokens.size(), request.max_tokens);
    }
    EXPECT_TRUE(draft.num_behind == 0 || draft.tokens.empty());
  }

  std::map<SequenceId, Sequence> sequences_;
  int num_drafted_ = 0;
};

TEST_F(RandomSpeculatorTest, DraftsWhatPlainDecodingGives) {
  Start({.kv_memory_bytes = 64 << 20}, {.num_threads = 2});
  for (SequenceId id = 0; id < 8; ++id) {
    sequences_.emplace(id, NewSequence());
  }
  for (int step = 0; step < 60; ++step) Step(/*is_tiny=*/false);
  EXPECT_GT(num_drafted_, 300);
  EXPECT_EQ(speculator_->cache().num_forgotten(), 0);
}

TEST_F(RandomSpeculatorTest, DoesSoWhereHardlyAnythingFits) {
  const int64_t block_bytes = SmallModel({})->kv_block_bytes();
  Start({.kv_memory_bytes = 14 * block_bytes, .max_sequences = 5});
  for (SequenceId id = 0; id < 8; ++id) {
    sequences_.emplace(id, NewSequence());
  }
  for (int step = 0; step < 60; ++step) Step(/*is_tiny=*/true);
  EXPECT_GT(num_drafted_, 50);
  EXPECT_GT(speculator_->cache().num_forgotten(), 0);
}

TEST_F(SpeculatorTest, ALongPromptCatchesUpInPiecesWhileOthersAreDrafted) {
  Start({.max_catch_up_tokens = 20, .catch_up_time = absl::Seconds(10)});
  const Tokens near = SomeTokens(30);
  const Tokens far = SomeTokens(200);
  const DraftRequest near_request = {
      .sequence = 1, .tokens = near, .max_tokens = 3};
  DraftOf(near_request);
  const DraftRequest requests[] = {
      {.sequence = 2, .tokens = far, .max_tokens = 3}, near_request};
  int64_t last_behind = 199;
  while (true) {
    const std::vector<Draft> drafts = Propose(requests);
    EXPECT_EQ(drafts[1].tokens, oracle_.Draft(near_request, 3));
    if (drafts[0].num_behind == 0) {
      EXPECT_EQ(drafts[0].tokens, oracle_.Draft(requests[0], 3));
      break;
    }
    EXPECT_TRUE(drafts[0].tokens.empty());
    EXPECT_EQ(drafts[0].num_behind, last_behind - 20);
    last_behind = drafts[0].num_behind;
    EXPECT_EQ(times_.num_catch_up_tokens, 21);
  }
  EXPECT_EQ(last_behind, 19);
}

TEST_F(SpeculatorTest, CatchesUpAloneWhenNoTokenIsAskedFor) {
  Start({.max_catch_up_tokens = 256, .catch_up_time = absl::Seconds(10)});
  const Tokens tokens = SomeTokens(30);
  DraftRequest request = {.sequence = 1, .tokens = tokens};
  EXPECT_TRUE(DraftOf(request).empty());
  request.max_tokens = 4;
  EXPECT_EQ(Propose({&request, 1})[0].tokens, oracle_.Draft(request, 4));
  ASSERT_EQ(times_.steps.size(), 4);
  EXPECT_EQ(times_.num_catch_up_tokens, 0);
  EXPECT_EQ(times_.steps[0].num_sequences, 1);
}

TEST_F(SpeculatorTest, AReturningSequenceIsFoundInTheTree) {
  Start({.max_catch_up_tokens = 256, .catch_up_time = absl::Seconds(10)});
  const Tokens tokens = SomeTokens(130);
  const DraftRequest first = {.sequence = 1, .tokens = tokens, .max_tokens = 2};
  DraftOf(first);
  speculator_->Release(1);
  const DraftRequest again = {.sequence = 9, .tokens = tokens, .max_tokens = 2};
  EXPECT_EQ(Propose({&again, 1})[0].tokens, oracle_.Draft(again, 2));
  EXPECT_LE(times_.num_catch_up_tokens, 2);
}

TEST_F(SpeculatorTest, StopsWhereTheContextEnds) {
  Start({.catch_up_time = absl::Seconds(10)}, {.context_len = 64});
  const Tokens tokens = SomeTokens(66);
  const auto draft = [&](SequenceId id, size_t size) {
    return DraftOf({.sequence = id,
                    .tokens = absl::MakeConstSpan(tokens).first(size),
                    .max_tokens = 4});
  };
  EXPECT_EQ(draft(1, 62).size(), 3);
  EXPECT_EQ(draft(2, 64).size(), 1);
  EXPECT_EQ(draft(3, 65).size(), 0);
}

TEST_F(SpeculatorTest, ATokenThatTheDraftModelLacksEndsItsDrafts) {
  Start({}, {.vocab_size = 280}, /*vocab=*/300);
  Tokens tokens = {1, 2, 299, 3};
  DraftRequest request = {.sequence = 1, .tokens = tokens, .max_tokens = 2};
  EXPECT_TRUE(Propose({&request, 1})[0].tokens.empty());
  request.tokens = absl::MakeConstSpan(tokens).first(2);
  EXPECT_EQ(Propose({&request, 1})[0].tokens.size(), 2);
}

// Files pad the columns of their logits differently.
TEST_F(SpeculatorTest, DrawsAsTheTargetWhateverTheColumnsOfItsOwnLogits) {
  const Tokens tokens = SomeTokens(20);
  for (const int32_t columns : {250, 320}) {
    Start({}, {.vocab_size = columns}, /*vocab=*/kVocab);
    const auto sampler = sampling::Sampler::Create({.seed = 5}, kVocab);
    Tokens low = tokens;
    for (int32_t& token : low) token %= 250;
    const DraftRequest request = {
        .sequence = 1, .tokens = low, .max_tokens = 20, .sampler = &*sampler};
    const Tokens drafted = DraftOf(request);
    EXPECT_EQ(drafted.size(), 20);
    for (const int32_t token : drafted) EXPECT_LT(token, kVocab);
    if (columns > kVocab) continue;
    DraftOracle oracle({.vocab_size = columns});
    const auto narrow = sampling::Sampler::Create({.seed = 5}, columns);
    const DraftRequest same = {.tokens = low, .sampler = &*narrow};
    EXPECT_EQ(drafted, oracle.Draft(same, 20));
  }
}

TEST_F(SpeculatorTest, ADeadlineThatHasPassedBringsNothing) {
  Start({});
  const Tokens tokens = SomeTokens(4);
  const DraftRequest request = {
      .sequence = 1, .tokens = tokens, .max_tokens = 3};
  EXPECT_TRUE(Propose({&request, 1}, absl::Now())[0].tokens.empty());
  EXPECT_EQ(DraftOf(request), oracle_.Draft(request, 3));
}

TEST_F(SpeculatorTest, SaysWhatItDid) {
  Start({.catch_up_time = absl::Seconds(10)});
  const Tokens tokens = SomeTokens(4);
  DraftOf({.sequence = 1, .tokens = tokens, .max_tokens = 3});
  DraftOf({.sequence = 2, .tokens = tokens, .max_tokens = 1});
  const std::string text = registry_.Exposition();
  for (const char* line : {"tessera_speculator_calls_total 2\n",
                           "tessera_speculator_drafts_total 2\n",
                           "tessera_speculator_tokens_total 4\n",
                           "tessera_speculator_catch_up_tokens_total 8\n",
                           "tessera_speculator_step_seconds_count 2\n",
                           "tessera_speculator_sequences 2\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST_F(SpeculatorTest, RefusesMemoryForLessThanABlock) {
  const auto speculator = Speculator::Create(
      SmallModel({}), kVocab, {.kv_memory_bytes = 100}, &registry_);
  EXPECT_EQ(speculator.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tessera::speculator
