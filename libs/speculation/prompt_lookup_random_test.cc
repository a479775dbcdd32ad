// Random texts, appended to and truncated, against definitions that look at
// every place.
#include <algorithm>
#include <random>

#include "gtest/gtest.h"
#include "libs/speculation/prompt_lookup.h"

namespace tessera::speculation {
namespace {

using Tokens = std::vector<int32_t>;

bool Agree(const Tokens& a, int a_end, const Tokens& b, int b_end, int length) {
  if (a_end < length || b_end < length) return false;
  for (int i = 1; i <= length; ++i) {
    if (a[a_end - i] != b[b_end - i]) return false;
  }
  return true;
}

std::optional<Match> NaiveLongestMatch(const Tokens& text) {
  const int n = text.size();
  for (int i = kNumMatchLengths; i-- > 0;) {
    for (int end = n - 1; end > 0; --end) {
      if (Agree(text, end, text, n, kMatchLengths[i])) {
        return Match{end, kMatchLengths[i]};
      }
    }
  }
  return std::nullopt;
}

std::optional<Proposal> NaiveFromText(const Tokens& text, int max_tokens) {
  const std::optional<Match> match = NaiveLongestMatch(text);
  if (!match.has_value()) return std::nullopt;
  Tokens all = text;
  for (int i = 0; i < max_tokens; ++i) all.push_back(all[match->next + i]);
  return Proposal{{all.begin() + text.size(), all.end()}, match->match_length};
}

std::optional<Match> NaiveFind(const Tokens& prediction, const Tokens& text,
                               int near) {
  for (int i = kNumMatchLengths; i-- > 0;) {
    std::optional<Match> before;
    for (int end = 1; end <= prediction.size(); ++end) {
      if (!Agree(prediction, end, text, text.size(), kMatchLengths[i])) {
        continue;
      }
      const Match match = {end, kMatchLengths[i]};
      if (end >= near) return match;
      before = match;
    }
    if (before.has_value()) return before;
  }
  return std::nullopt;
}

// The prediction's place, from the beginning of the answer on.
std::optional<Proposal> NaiveFromPrediction(const Tokens& prediction,
                                            const Tokens& text,
                                            int num_prompt_tokens,
                                            int max_tokens) {
  std::optional<Match> place = Match{0, 0};
  int trusted = 0;
  for (int i = num_prompt_tokens; i < text.size(); ++i) {
    if (place.has_value() && place->next < prediction.size() &&
        prediction[place->next] == text[i]) {
      place = Match{place->next + 1, place->match_length + 1};
    } else {
      const std::optional<Match> found =
          NaiveFind(prediction, {text.begin(), text.begin() + i + 1}, trusted);
      // In the predicted token's place, unless a match says otherwise that is
      // of two tokens or up to 8 behind it.
      const bool may_stand_in_place =
          place.has_value() && place->match_length > 0 &&
          !(found.has_value() &&
            (found->match_length > 1 ||
             (found->next > place->next && found->next - place->next <= 8)));
      place = may_stand_in_place ? Match{place->next + 1, 0} : found;
    }
    if (place.has_value() && place->match_length >= 4) trusted = place->next;
  }
  if (!place.has_value() || place->next >= prediction.size()) {
    return std::nullopt;
  }
  const int end = std::min<int>(prediction.size(), place->next + max_tokens);
  return Proposal{{prediction.begin() + place->next, prediction.begin() + end},
                  place->match_length};
}

void ExpectEqual(const std::optional<Proposal>& actual,
                 const std::optional<Proposal>& expected) {
  ASSERT_EQ(actual.has_value(), expected.has_value());
  if (!actual.has_value()) return;
  EXPECT_EQ(actual->tokens, expected->tokens);
  EXPECT_EQ(actual->match_length, expected->match_length);
}

// Few distinct tokens, and copies of what was there, so that long matches and
// many places occur.
class RandomText {
 public:
  RandomText(int seed, int num_distinct)
      : random_(seed), num_distinct_(num_distinct) {}

  int Below(int n) { return random_() % n; }

  Tokens Some(const Tokens& source, int max_tokens) {
    Tokens tokens;
    const int n = 1 + Below(max_tokens);
    int from = source.empty() ? 0 : Below(source.size());
    const bool copies = Below(3) != 0;
    for (int i = 0; i < n; ++i) {
      const bool copy = copies && from < source.size();
      tokens.push_back(copy ? source[from++] : Below(num_distinct_));
    }
    return tokens;
  }

 private:
  std::mt19937 random_;
  int num_distinct_;
};

class Walk {
 public:
  Walk(int seed, int num_distinct)
      : random_(seed, num_distinct),
        text_(random_.Some({}, 50)),
        num_prompt_tokens_(text_.size()) {
    for (int i = 0; i < 8; ++i) {
      for (const int32_t token : random_.Some(prediction_, 20)) {
        prediction_.push_back(token);
      }
    }
    lookup_.emplace(text_, prediction_);
  }

  void Step() {
    if (random_.Below(4) == 0) {
      const int keep =
          std::max<int>(num_prompt_tokens_, int(text_.size()) - NumTakenBack());
      text_.resize(keep);
      lookup_->Truncate(keep);
    } else {
      const bool repeats_text = random_.Below(2) == 0;
      const Tokens& source = repeats_text ? text_ : prediction_;
      for (const int32_t token : random_.Some(source, 24)) {
        text_.push_back(token);
        lookup_->Append(token);
      }
    }
  }

  void Check() {
    const int max_tokens = 1 + random_.Below(12);
    ExpectEqual(lookup_->FromText(max_tokens),
                NaiveFromText(text_, max_tokens));
    ExpectEqual(lookup_->FromPrediction(max_tokens),
                NaiveFromPrediction(prediction_, text_, num_prompt_tokens_,
                                    max_tokens));
  }

 private:
  // Mostly a few tokens, sometimes about as many as are undone one by one, or
  // more.
  int NumTakenBack() {
    switch (random_.Below(10)) {
      case 0:
        return SuffixIndex::kUndoTokens - 2 + random_.Below(5);
      case 1:
        return random_.Below(200);
      default:
        return random_.Below(9);
    }
  }

  RandomText random_;
  Tokens text_;
  int num_prompt_tokens_;
  Tokens prediction_;
  std::optional<PromptLookup> lookup_;
};

TEST(PromptLookupRandomTest, AgreesWithTheNaiveDefinitions) {
  for (const int num_distinct : {1, 2, 5, 1000}) {
    for (int seed = 0; seed < 20; ++seed) {
      SCOPED_TRACE(testing::Message()
                   << "seed " << seed << " distinct " << num_distinct);
      Walk walk(seed, num_distinct);
      for (int step = 0; step < 60; ++step) {
        walk.Step();
        walk.Check();
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace tessera::speculation
