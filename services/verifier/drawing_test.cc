// What becomes of drafts, given rows of logits.
#include "services/verifier/drawing.h"

#include <cmath>
#include <map>
#include <memory>
#include <vector>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "libs/tokenizer/small_vocabulary.h"

namespace tessera::verifier {
namespace {

constexpr int kVocab = 261;  // of the small vocabulary
constexpr int kNumRows = 4;  // of a draft of three
constexpr int kNumLikely = 3;
const std::vector<int32_t> kDraft = {0, 1, 2};

// One request, and logits that give its first tokens 0.5, 0.3, 0.2 in turn.
class DrawingTest : public testing::Test {
 protected:
  DrawingTest() {
    words_ = Words::Create(
        *tokenizer::Tokenizer::Create(tokenizer::SmallVocabulary()), "");
    logits_.assign(kNumRows * kVocab, -100);
    for (int row = 0; row < kNumRows; ++row) {
      for (int i = 0; i < kNumLikely; ++i) {
        logits_[row * kVocab + i] = std::log(Chance(row, i));
      }
    }
  }

  static double Chance(int row, int token) {
    constexpr double kChances[kNumLikely] = {0.5, 0.3, 0.2};
    return kChances[(row + token) % kNumLikely];
  }

  std::unique_ptr<Request> MakeRequest(float temperature) {
    v1::GenerateRequest request;
    request.mutable_prompt()->mutable_text()->set_text("hello");
    request.mutable_sampling()->set_temperature(temperature);
    request.mutable_sampling()->set_seed(17);
    auto generation = PrepareGeneration(
        request, *words_, {.context_len = 1 << 20, .vocab_size = kVocab},
        absl::Now());
    return std::make_unique<Request>(*generation, 1, &words_->tokenizer());
  }

  std::vector<int32_t> Draw(Request* request, int64_t position,
                            absl::Span<const int32_t> draft,
                            SpeculationRule rule) {
    std::vector<Drawing> drawings = {{request, 0, 0, position, draft}};
    DrawAll(logits_, kVocab, rule, *team_, absl::MakeSpan(scratches_),
            absl::MakeSpan(drawings), {});
    EXPECT_TRUE(drawings[0].status.ok()) << drawings[0].status;
    return drawings[0].tokens;
  }

  std::unique_ptr<const Words> words_;
  std::vector<float> logits_;
  std::unique_ptr<device::WorkerTeam> team_ =
      *device::WorkerTeam::Create({.num_threads = 1, .pin = false});
  std::vector<sampling::SamplingScratch> scratches_{1};
};

TEST_F(DrawingTest, MatchingDraftsChangeNoToken) {
  const auto request = MakeRequest(1);
  for (int64_t position = 0; position < 200; ++position) {
    const std::vector<int32_t> tokens =
        Draw(request.get(), position, kDraft, SpeculationRule::kMatch);
    EXPECT_EQ(Draw(request.get(), position, {}, SpeculationRule::kMatch)[0],
              tokens[0]);
    for (size_t i = 0; i + 1 < tokens.size(); ++i) {
      EXPECT_EQ(tokens[i], kDraft[i]);
    }
  }
}

TEST_F(DrawingTest, GreedyTokensAreTheSameUnderBothRules) {
  const auto request = MakeRequest(0);
  for (const std::vector<int32_t>& draft :
       {kDraft, std::vector<int32_t>{0, 2, 1}, {1, 1, 1}}) {
    EXPECT_EQ(Draw(request.get(), 5, draft, SpeculationRule::kRejection),
              Draw(request.get(), 5, draft, SpeculationRule::kMatch));
  }
}

TEST_F(DrawingTest, WithoutADraftTheRulesDrawTheSame) {
  const auto request = MakeRequest(1);
  for (int64_t position = 0; position < 200; ++position) {
    EXPECT_EQ(Draw(request.get(), position, {}, SpeculationRule::kRejection),
              Draw(request.get(), position, {}, SpeculationRule::kMatch));
  }
}

TEST_F(DrawingTest, ARejectionIsAFunctionOfSeedPositionAndDraft) {
  const auto request = MakeRequest(1);
  const auto again = MakeRequest(1);
  for (int64_t position = 0; position < 200; ++position) {
    EXPECT_EQ(
        Draw(request.get(), position, kDraft, SpeculationRule::kRejection),
        Draw(again.get(), position, kDraft, SpeculationRule::kRejection));
  }
}

// All that can come of the draft, with its chance: each draft token is kept
// with its own, independently of those before.
TEST_F(DrawingTest, RejectionGivesEveryOutcomeItsChance) {
  constexpr int kTrials = 20000;
  const auto request = MakeRequest(1);
  std::map<std::vector<int32_t>, int> counts;
  for (int64_t trial = 0; trial < kTrials; ++trial) {
    ++counts[Draw(request.get(), trial * kNumRows, kDraft,
                  SpeculationRule::kRejection)];
  }
  double chi = 0;
  int num_outcomes = 0;
  double kept = 1;
  const auto add = [&](std::vector<int32_t> tokens, int row, int32_t last) {
    tokens.push_back(last);
    const double expected = kTrials * kept * Chance(row, last);
    const double difference = counts[tokens] - expected;
    chi += difference * difference / expected;
    ++num_outcomes;
  };
  std::vector<int32_t> before;
  for (int row = 0; row < kNumRows; ++row) {
    for (int32_t last = 0; last < kNumLikely; ++last) {
      if (row == kNumRows - 1 || last != kDraft[row]) add(before, row, last);
    }
    if (row == kNumRows - 1) break;
    kept *= Chance(row, kDraft[row]);
    before.push_back(kDraft[row]);
  }
  EXPECT_EQ(counts.size(), num_outcomes);
  EXPECT_LT((chi - (num_outcomes - 1)) / std::sqrt(2.0 * (num_outcomes - 1)),
            5);
}

// Many passes, over a model whose logits depend on the token before, and drafts
// that are drawn with the noise that the target draws with where there is no
// draft (as a draft model's are): whatever was kept, resampled or drawn behind
// a draft, each token follows the one before as the model has it.
TEST_F(DrawingTest, TokensOfManyPassesFollowTheModel) {
  constexpr int kNumTokens = 60000;
  const std::vector<std::vector<double>> model = {
      {0.6, 0.3, 0.1}, {0.1, 0.5, 0.4}, {0.3, 0.1, 0.6}};
  const auto request = MakeRequest(1);
  sampling::Sampler& sampler = request->choice(0).mutable_sampler();
  const auto set_row = [&](int row, int32_t last, double exponent) {
    for (int i = 0; i < kNumLikely; ++i) {
      logits_[row * kVocab + i] = exponent * std::log(model[last][i]);
    }
  };
  std::map<std::pair<int32_t, int32_t>, int> counts;
  int num_by_length[kNumRows] = {};
  int32_t last = 0;
  int64_t position = 0;
  while (position < kNumTokens) {
    std::vector<int32_t> draft;
    int32_t before = last;
    for (int i = 0; i < position % kNumRows; ++i) {
      set_row(0, before, 0.5);  // flatter than the target
      before = *sampler.Sample(absl::MakeConstSpan(logits_).first(kVocab),
                               position + i, &scratches_[0]);
      draft.push_back(before);
    }
    set_row(0, last, 1);
    for (size_t i = 0; i < draft.size(); ++i) set_row(i + 1, draft[i], 1);
    const std::vector<int32_t> tokens =
        Draw(request.get(), position, draft, SpeculationRule::kRejection);
    ++num_by_length[tokens.size() - 1];
    for (const int32_t token : tokens) {
      ++counts[{last, token}];
      last = token;
      ++position;
    }
  }
  for (const int count : num_by_length) EXPECT_GT(count, 500);
  double chi = 0;
  for (int32_t from = 0; from < kNumLikely; ++from) {
    double total = 0;
    for (int32_t to = 0; to < kNumLikely; ++to) total += counts[{from, to}];
    for (int32_t to = 0; to < kNumLikely; ++to) {
      const double expected = total * model[from][to];
      const double difference = counts[{from, to}] - expected;
      chi += difference * difference / expected;
    }
  }
  constexpr double kFreedom = kNumLikely * (kNumLikely - 1);
  EXPECT_LT((chi - kFreedom) / std::sqrt(2 * kFreedom), 5);
}

}  // namespace
}  // namespace tessera::verifier
