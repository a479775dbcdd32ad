// Random texts, appended to and truncated, against definitions that look at
// every place.
#include <algorithm>
#include <random>

#include "gmock/gmock.h"
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
  return Proposal{.tokens = {all.begin() + text.size(), all.end()},
                  .match_length = match->match_length};
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

// Of all places from `first` to `last` the one with the longest match of up to
// 4 tokens, and of those the nearest to `counted`.
std::optional<Match> NaiveNearby(const Tokens& prediction, const Tokens& text,
                                 int first, int last, int counted) {
  for (int length = 4; length > 0; --length) {
    for (int distance = 0; distance <= last - first + counted; ++distance) {
      for (const int next : {counted - distance, counted + distance}) {
        if (first <= next && next <= last &&
            Agree(prediction, next, text, text.size(), length)) {
          return Match{next, length};
        }
      }
    }
  }
  return std::nullopt;
}

bool IsMark(int32_t token) { return token % 5 == 4; }
bool StartsWord(int32_t token) { return token % 5 < 2; }

const TokenClasses& Classes() {
  static const auto& classes = *new TokenClasses(1000, [](int32_t token) {
    return IsMark(token) ? "," : StartsWord(token) ? " a" : "a";
  });
  return classes;
}

// Where the prediction goes on behind a token in place of the one at `parted`:
// behind that or behind the word that it starts, and, if marks are there, at
// the next word.
std::vector<int> NaivePlacesBehind(const Tokens& prediction, int parted,
                                   int32_t token) {
  const int size = prediction.size();
  if (parted >= size || !StartsWord(token) || !StartsWord(prediction[parted])) {
    return {parted + 1};
  }
  const auto first_from = [&](int from, auto is) {
    while (from < size && !is(prediction[from])) ++from;
    return from;
  };
  const int end = first_from(parted + 1, [](int32_t predicted) {
    return IsMark(predicted) || StartsWord(predicted);
  });
  const int word = first_from(end, StartsWord);
  return word == end || word == size ? std::vector<int>{end}
                                     : std::vector<int>{end, word};
}

// The prediction's place, from the beginning of the answer on.
std::vector<Proposal> NaiveFromPrediction(const Tokens& prediction,
                                          const Tokens& text,
                                          int num_prompt_tokens,
                                          int max_tokens) {
  const int size = prediction.size();
  Match place = {0, 0};
  int parted = 0, num_off = 0, counted = 0;
  int word = 0;  // 0: none
  for (int i = num_prompt_tokens; i < text.size(); ++i) {
    const bool is_at_place =
        place.next < size && prediction[place.next] == text[i];
    if (word > 0 && !is_at_place && prediction[word] == text[i]) {
      place.next = word;
    }
    word = 0;
    if (place.next < size && prediction[place.next] == text[i]) {
      place = {place.next + 1, place.match_length + 1};
      if (num_off == 1 || place.match_length >= 2) num_off = 0;
      continue;
    }
    if (num_off == 0) parted = counted = place.next;
    num_off += 1;
    const bool is_put_in =
        IsMark(text[i]) && counted < size && !IsMark(prediction[counted]);
    if (!is_put_in) counted += 1;
    const Tokens answer = {text.begin(), text.begin() + i + 1};
    std::optional<Match> found;
    if (num_off > 1) {
      found = NaiveNearby(prediction, answer, parted + 1,
                          std::min(size, parted + 8 + std::min(num_off, 32)),
                          counted);
      if (!found.has_value()) {
        found = NaiveFind(prediction, answer, parted);
        if (found.has_value() && found->match_length < 4) found.reset();
        if (found.has_value()) num_off = 0;
      }
    }
    place = found.value_or(Match{counted, 0});
    if (num_off == 1 && !is_put_in) {
      const std::vector<int> places =
          NaivePlacesBehind(prediction, parted, text[i]);
      place.next = places[0];
      if (places.size() > 1) word = places[1];
    }
  }
  if (place.next >= size || (place.match_length == 0 && num_off > 1)) return {};
  const auto proposal = [&](int next, ReplacedWord replaced) {
    const int end = std::min<int>(size, next + max_tokens);
    Proposal proposal = {
        .tokens = {prediction.begin() + next, prediction.begin() + end},
        .match_length = place.match_length,
        .replaced = replaced};
    for (const int32_t token : proposal.tokens) {
      proposal.classes.push_back(Classes().Of(token));
    }
    for (int i = place.next - place.match_length; i < place.next; ++i) {
      if (StartsWord(prediction[i]) && proposal.match_words < 64) {
        ++proposal.match_words;
      }
    }
    return proposal;
  };
  if (word == 0) return {proposal(place.next, ReplacedWord::kNone)};
  return {proposal(place.next, ReplacedWord::kAtMarks),
          proposal(word, ReplacedWord::kPastMarks)};
}

auto IsProposal(const Proposal& expected) {
  return testing::FieldsAre(expected.tokens, expected.match_length,
                            expected.match_words, expected.replaced,
                            expected.classes);
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
    lookup_.emplace(text_, prediction_, &Classes());
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
    const std::optional<Proposal> text = lookup_->FromText(max_tokens);
    const std::optional<Proposal> naive_text = NaiveFromText(text_, max_tokens);
    ASSERT_EQ(text.has_value(), naive_text.has_value());
    if (text.has_value()) {
      EXPECT_THAT(*text, IsProposal(*naive_text));
    }
    std::vector<testing::Matcher<Proposal>> predicted;
    for (const Proposal& naive : NaiveFromPrediction(
             prediction_, text_, num_prompt_tokens_, max_tokens)) {
      predicted.push_back(IsProposal(naive));
    }
    EXPECT_THAT(lookup_->FromPrediction(max_tokens),
                testing::ElementsAreArray(predicted));
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
