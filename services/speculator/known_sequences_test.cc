#include "services/speculator/known_sequences.h"

#include <random>

#include "gtest/gtest.h"
#include "services/speculator/client/told_sequences.h"

namespace tessera::speculator {
namespace {

using Tokens = std::vector<int32_t>;

uint64_t DigestOf(const Tokens& tokens) {
  return ExtendDigest(kEmptyDigest, tokens);
}

class KnownSequencesTest : public testing::Test {
 protected:
  KnownSequences Make(int max_sequences, int64_t max_tokens) {
    return KnownSequences(max_sequences, max_tokens,
                          [this](SequenceId id) { forgotten_.push_back(id); });
  }
  std::vector<SequenceId> forgotten_;
};

TEST_F(KnownSequencesTest, PutsWhatIsNewBehindWhatWasTold) {
  KnownSequences known = Make(10, 1000);
  ASSERT_NE(known.Tell({1, 1}, 0, kEmptyDigest, {1, 2, 3}).sequence, nullptr);
  const auto told = known.Tell({1, 1}, 2, DigestOf({1, 2}), {7, 8});
  ASSERT_NE(told.sequence, nullptr);
  EXPECT_EQ(told.sequence->tokens, Tokens({1, 2, 7, 8}));
  EXPECT_EQ(told.sequence->digest, DigestOf({1, 2, 7, 8}));
  EXPECT_EQ(known.num_tokens(), 4);
}

TEST_F(KnownSequencesTest, AsksForWhatItLacksOrHasOtherwise) {
  KnownSequences known = Make(10, 1000);
  known.Tell({1, 1}, 0, kEmptyDigest, {1, 2, 3});
  const auto lacks = known.Tell({1, 1}, 5, DigestOf({1, 2, 3, 4, 5}), {6});
  EXPECT_EQ(lacks.sequence, nullptr);
  EXPECT_EQ(lacks.need_from, 3);
  const auto differs = known.Tell({1, 1}, 3, DigestOf({1, 2, 4}), {6});
  EXPECT_EQ(differs.sequence, nullptr);
  EXPECT_EQ(differs.need_from, 0);
  // Another client's sequence of that number.
  EXPECT_EQ(known.Tell({2, 1}, 3, DigestOf({1, 2, 3}), {6}).sequence, nullptr);
}

TEST_F(KnownSequencesTest, ForgetsWhatWasToldLongestAgo) {
  KnownSequences known = Make(2, 1000);
  for (uint64_t i = 1; i <= 2; ++i) known.Tell({1, i}, 0, kEmptyDigest, {1});
  known.BeginCall();
  known.Tell({1, 1}, 1, DigestOf({1}), {2});
  known.Tell({1, 3}, 0, kEmptyDigest, {1});
  EXPECT_EQ(forgotten_, std::vector<SequenceId>({2}));
  KnownSequences few = Make(100, 10);
  few.Tell({1, 1}, 0, kEmptyDigest, Tokens(6, 1));
  few.BeginCall();
  few.Tell({1, 2}, 0, kEmptyDigest, Tokens(6, 1));
  EXPECT_EQ(few.num_sequences(), 1);
  EXPECT_EQ(few.num_tokens(), 6);
}

TEST_F(KnownSequencesTest, ThoseThatDisagreeAreBoundedToo) {
  KnownSequences known = Make(5, 1000);
  for (uint64_t i = 0; i < 100; ++i) {
    known.BeginCall();
    EXPECT_EQ(known.Tell({1, i}, 9, 0, {1}).sequence, nullptr);
  }
  EXPECT_LE(known.num_sequences(), 5);
}

// A caller and a speculator, either of which forgets now and then, and whose
// messages and answers get lost.
TEST_F(KnownSequencesTest, BothSidesAgreeAgainWhateverIsLost) {
  std::mt19937 random(7);
  const auto chance = [&](int one_in) { return random() % one_in == 0; };
  KnownSequences known = Make(3, 200);
  ToldSequences told;
  std::vector<Tokens> sequences(5);
  int num_agreed = 0;
  for (int step = 0; step < 5000; ++step) {
    known.BeginCall();
    const SequenceId id = random() % sequences.size();
    Tokens& tokens = sequences[id];
    if (tokens.size() > 60) {
      tokens.clear();
      if (chance(2)) told.Forget(id);
    }
    for (int i = random() % 4; i >= 0; --i) tokens.push_back(random() % 3);
    if (chance(20)) tokens.resize(1 + random() % tokens.size());
    const auto start = told.StartOf(id, tokens);
    ASSERT_EQ(
        start.prefix_digest,
        DigestOf({tokens.begin(), tokens.begin() + start.first_position}));
    if (chance(10)) continue;  // the message is lost
    if (chance(50)) known.Forget({1, id});
    const auto answer =
        known.Tell({1, id}, start.first_position, start.prefix_digest,
                   absl::MakeConstSpan(tokens).subspan(start.first_position));
    if (answer.sequence != nullptr) {
      ++num_agreed;
      ASSERT_EQ(answer.sequence->tokens, tokens);
      ASSERT_EQ(answer.sequence->digest, DigestOf(tokens));
    }
    if (chance(10)) continue;  // the answer is lost
    if (answer.sequence != nullptr) {
      told.Told(id, tokens);
    } else {
      told.Needs(id, answer.need_from);
    }
  }
  EXPECT_GT(num_agreed, 2000);
}

}  // namespace
}  // namespace tessera::speculator
