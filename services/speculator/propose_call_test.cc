#include "services/speculator/propose_call.h"

#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/speculator/client/protocol_limits.h"
#include "services/speculator/sampling_message.h"
#include "services/speculator/testing/draft_oracle.h"

namespace tessera::speculator {
namespace {

using ::testing::HasSubstr;

constexpr int32_t kVocab = 300;

class ProposeCallTest : public testing::Test {
 protected:
  absl::Status Propose(const v1::ProposeRequest& request) {
    response_.Clear();
    return handler_.Propose(request, absl::InfiniteFuture(), &response_);
  }
  static v1::ProposeRequest Good() {
    v1::ProposeRequest request;
    v1::SequenceRequest* sequence = request.add_sequences();
    sequence->set_sequence(5);
    sequence->set_prefix_digest(kEmptyDigest);
    for (const int32_t token : {1, 2, 3}) sequence->add_tokens(token);
    sequence->set_max_tokens(4);
    *sequence->mutable_sampling() = ToMessage({.seed = 9});
    return request;
  }

  metrics::Registry registry_;
  const std::unique_ptr<Speculator> speculator_ =
      *Speculator::Create(SmallModel({}), kVocab, {}, &registry_);
  ProposeHandler handler_{speculator_.get()};
  v1::ProposeResponse response_;
};

using Change = std::function<void(v1::ProposeRequest*, v1::SequenceRequest*)>;

TEST_F(ProposeCallTest, RefusesWhatIsWrongByItsName) {
  const auto sampling = [](auto set) -> Change {
    return [set](v1::ProposeRequest*, v1::SequenceRequest* sequence) {
      set(sequence->mutable_sampling());
    };
  };
  using Request = v1::ProposeRequest;
  using Sequence = v1::SequenceRequest;
  using Sampling = v1::SamplingParameters;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<std::pair<const char*, Change>> cases = {
      {"sequence 5: tokens",
       [](Request*, Sequence* s) { s->set_tokens(1, kVocab); }},
      {"sequence 5: tokens",
       [](Request*, Sequence* s) { s->set_tokens(1, -1); }},
      {"first_position and tokens",
       [](Request*, Sequence* s) { s->clear_tokens(); }},
      {"first_position",
       [](Request*, Sequence* s) { s->set_first_position(-1); }},
      {"first_position",
       [](Request*, Sequence* s) {
         s->set_first_position(std::numeric_limits<int64_t>::max());
       }},
      {"max_tokens", [](Request*, Sequence* s) { s->set_max_tokens(-1); }},
      {"max_tokens",
       [](Request*, Sequence* s) { s->set_max_tokens(kMaxDraftTokens + 1); }},
      {"num_generated", [](Request*, Sequence* s) { s->set_num_generated(4); }},
      {"num_generated",
       [](Request*, Sequence* s) { s->set_num_generated(-1); }},
      {"cache_salt",
       [](Request*, Sequence* s) { s->set_cache_salt(std::string(257, 'a')); }},
      {"sequence 5: it is there twice",
       [](Request* r, Sequence* s) { *r->add_sequences() = *s; }},
      {"released",
       [](Request* r, Sequence*) {
         for (int i = 0; i <= kMaxReleasedPerCall; ++i) r->add_released(i);
       }},
      {"sequences",
       [](Request* r, Sequence* s) {
         const Sequence first = *s;
         for (int i = 0; i < kMaxSequencesPerCall; ++i) {
           *r->add_sequences() = first;
           r->mutable_sequences(i + 1)->set_sequence(i + 100);
         }
       }},
      {"tokens, of all",
       [](Request*, Sequence* s) {
         s->mutable_tokens()->Resize(kMaxTokensPerCall + 1, 1);
       }},
      {"sampling: temperature",
       sampling([nan](Sampling* s) { s->set_temperature(nan); })},
      {"sampling: top_p", sampling([](Sampling* s) { s->set_top_p(0); })},
      {"sampling: repetition_penalty", sampling([](Sampling* s) {
         s->set_repetition_penalty(std::numeric_limits<float>::infinity());
       })},
      {"sampling: logit_bias", sampling([](Sampling* s) {
         s->add_bias_tokens(kVocab);
         s->add_biases(1);
       })},
      {"sampling: biases",
       sampling([](Sampling* s) { s->add_bias_tokens(3); })},
      {"sampling: stop_token_ids",
       sampling([](Sampling* s) { s->add_stop_token_ids(-4); })},
  };
  for (const auto& [words, change] : cases) {
    v1::ProposeRequest request = Good();
    change(&request, request.mutable_sequences(0));
    const absl::Status status = Propose(request);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << words;
    EXPECT_THAT(status.message(), HasSubstr(words));
  }
  EXPECT_TRUE(Propose(Good()).ok());
  EXPECT_EQ(response_.drafts(0).tokens_size(), 4);
}

TEST_F(ProposeCallTest, DraftsWithThePenaltiesOfWhatWasGenerated) {
  const std::vector<int32_t> tokens = {1, 2, 3, 4, 5, 6, 7, 8};
  const sampling::SamplingParameters parameters = {
      .repetition_penalty = 1.5f, .frequency_penalty = 2, .seed = 3};
  auto sampler = *sampling::Sampler::Create(
      parameters, kVocab, absl::MakeConstSpan(tokens).first(5));
  for (int i = 5; i < 8; ++i) sampler.Append(tokens[i]);
  DraftRequest wanted = {.tokens = tokens, .sampler = &sampler};
  DraftOracle oracle({});

  v1::ProposeRequest request = Good();
  v1::SequenceRequest* sequence = request.mutable_sequences(0);
  *sequence->mutable_sampling() = ToMessage(parameters);
  sequence->mutable_tokens()->Assign(tokens.begin(), tokens.end());
  sequence->set_num_generated(3);
  ASSERT_TRUE(Propose(request).ok());
  const auto first = response_.drafts(0).tokens();
  EXPECT_EQ(std::vector<int32_t>(first.begin(), first.end()),
            oracle.Draft(wanted, 4));

  // Two more, one of them as drafted; the sampler of before goes on.
  std::vector<int32_t> more = tokens;
  for (const int32_t token : {first[0], 77}) {
    more.push_back(token);
    sampler.Append(token);
  }
  wanted.tokens = more;
  sequence->set_first_position(8);
  sequence->set_prefix_digest(ExtendDigest(kEmptyDigest, tokens));
  sequence->mutable_tokens()->Assign(more.begin() + 8, more.end());
  sequence->set_num_generated(5);
  ASSERT_TRUE(Propose(request).ok());
  const auto second = response_.drafts(0).tokens();
  EXPECT_EQ(std::vector<int32_t>(second.begin(), second.end()),
            oracle.Draft(wanted, 4));
}

TEST_F(ProposeCallTest, ASequenceThatItHasOtherwiseCostsItsOwnDraftAlone) {
  v1::ProposeRequest request = Good();
  v1::SequenceRequest* other = request.add_sequences();
  *other = request.sequences(0);
  other->set_sequence(6);
  other->set_first_position(10);
  ASSERT_TRUE(Propose(request).ok());
  ASSERT_EQ(response_.drafts_size(), 2);
  EXPECT_EQ(response_.drafts(0).tokens_size(), 4);
  EXPECT_FALSE(response_.drafts(0).has_need_from());
  EXPECT_EQ(response_.drafts(0).num_known(), 3);
  EXPECT_EQ(response_.drafts(1).tokens_size(), 0);
  EXPECT_EQ(response_.drafts(1).need_from(), 0);
  EXPECT_TRUE(response_.drafts(1).has_need_from());
}

// Whatever comes, it is answered or refused, and the next is answered.
TEST_F(ProposeCallTest, SurvivesAnyMessage) {
  std::mt19937 random(7);
  const auto any = [&](int64_t most) -> int64_t {
    switch (random() % 12) {
      case 0:
        return -1;
      case 1:
        return std::numeric_limits<int32_t>::max();
      case 2:
        return most + 1;
      default:
        return random() % (most + 1);
    }
  };
  int num_answered = 0;
  for (int i = 0; i < 3000; ++i) {
    v1::ProposeRequest request;
    request.set_client(random() % 2);
    for (int j = random() % 4; j > 0; --j) {
      v1::SequenceRequest* sequence = request.add_sequences();
      sequence->set_sequence(random() % 6);
      sequence->set_first_position(random() % 2 ? 0 : any(20));
      sequence->set_prefix_digest(kEmptyDigest);
      const bool is_hostile = random() % 4 == 0;
      for (int k = random() % 60; k > 0; --k) {
        sequence->add_tokens(is_hostile ? any(kVocab - 1) : random() % kVocab);
      }
      sequence->set_max_tokens(any(3));
      sequence->set_num_generated(any(5));
      if (random() % 2) *sequence->mutable_sampling() = ToMessage({});
    }
    if (random() % 4 == 0) request.add_released(random() % 6);
    const absl::Status status = Propose(request);
    if (status.ok()) {
      ++num_answered;
      EXPECT_EQ(response_.drafts_size(), request.sequences_size());
    } else {
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    }
  }
  EXPECT_GT(num_answered, 500);
  EXPECT_LT(num_answered, 2500);
  EXPECT_TRUE(Propose(Good()).ok());
}

TEST_F(ProposeCallTest, ReleasedSequencesAreForgotten) {
  ASSERT_TRUE(Propose(Good()).ok());
  EXPECT_EQ(speculator_->cache().num_sequences(), 1);
  v1::ProposeRequest request;
  request.add_released(5);
  request.add_released(12345);
  ASSERT_TRUE(Propose(request).ok());
  EXPECT_EQ(speculator_->cache().num_sequences(), 0);
}

}  // namespace
}  // namespace tessera::speculator
