// A speculator that answers wrong, late or not at all costs its drafts.
#include <atomic>
#include <limits>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "libs/rpc/server.h"
#include "proto/speculator.grpc.pb.h"
#include "services/speculator/client/remote_speculator.h"

namespace tessera::speculator {
namespace {

constexpr int32_t kVocab = 300;

enum class Lie {
  kNone,
  kTokenPastTheVocabulary,
  kNegativeToken,
  kTooManyTokens,
  kOtherSequence,
  kOtherPosition,
  kOutOfOrder,
  kOneDraftLess,
  kOneDraftMore,
  kNegativeBehind,
  kNegativeNeed,
  kTimeIsNoNumber,
  kNegativeStep,
  kError,
  kSilence,
  kDeadProbe,
  kLongStep,
};

// Speaks the protocol, not the truth.
class LyingSpeculator : public v1::Speculator::Service {
 public:
  grpc::Status ModelInfo(grpc::ServerContext*, const v1::ModelInfoRequest*,
                         v1::ModelInfoResponse* response) override {
    if (lie == Lie::kDeadProbe) return {grpc::StatusCode::INTERNAL, "no"};
    response->set_vocabulary_digest("digest");
    response->set_vocab_size(kVocab);
    return grpc::Status::OK;
  }

  grpc::Status Propose(grpc::ServerContext* context,
                       const v1::ProposeRequest* request,
                       v1::ProposeResponse* response) override {
    ++num_calls;
    while (lie == Lie::kSilence && !context->IsCancelled()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (lie == Lie::kError || lie == Lie::kDeadProbe) {
      return {grpc::StatusCode::INTERNAL, "an error"};
    }
    for (const v1::SequenceRequest& sequence : request->sequences()) {
      v1::SequenceDraft* draft = response->add_drafts();
      draft->set_sequence(sequence.sequence());
      draft->set_num_known(sequence.first_position() + sequence.tokens_size());
      draft->add_tokens(7);
    }
    response->add_steps()->set_num_sequences(response->drafts_size());
    Spoil(response);
    return grpc::Status::OK;
  }

  std::atomic<Lie> lie = Lie::kNone;
  std::atomic<int> num_calls = 0;

 private:
  void Spoil(v1::ProposeResponse* response) {
    v1::SequenceDraft* last =
        response->mutable_drafts(response->drafts_size() - 1);
    switch (lie) {
      case Lie::kTokenPastTheVocabulary:
        return last->set_tokens(0, kVocab);
      case Lie::kNegativeToken:
        return last->set_tokens(0, -1);
      case Lie::kTooManyTokens:
        return last->mutable_tokens()->Resize(3, 7);
      case Lie::kOtherSequence:
        return last->set_sequence(99);
      case Lie::kOtherPosition:
        return last->set_num_known(1);
      case Lie::kOutOfOrder:
        return response->mutable_drafts()->SwapElements(0, 1);
      case Lie::kOneDraftLess:
        return response->mutable_drafts()->RemoveLast();
      case Lie::kOneDraftMore: {
        v1::SequenceDraft copy = *last;
        *response->add_drafts() = copy;
        return;
      }
      case Lie::kNegativeBehind:
        return last->set_num_behind(-5);
      case Lie::kNegativeNeed:
        return last->set_need_from(-5);
      case Lie::kTimeIsNoNumber:
        return response->set_catch_up_seconds(
            std::numeric_limits<double>::quiet_NaN());
      case Lie::kNegativeStep:
        return response->mutable_steps(0)->set_seconds(-1);
      case Lie::kLongStep:
        return response->mutable_steps(0)->set_seconds(1e6);
      default:
        return;
    }
  }
};

class LyingSpeculatorTest : public testing::Test {
 protected:
  void Connect(absl::Duration call_timeout) {
    client_ =
        *RemoteSpeculator::Create(absl::StrCat("127.0.0.1:", server_->port()),
                                  {.call_timeout = call_timeout,
                                   .min_pause = absl::Milliseconds(5),
                                   .max_pause = absl::Milliseconds(20)},
                                  &registry_);
    client_->SetTarget("digest", kVocab);
    WaitUntilReady();
  }
  void WaitUntilReady() {
    const absl::Time start = absl::Now();
    while (!client_->is_ready()) {
      ASSERT_LT(absl::Now(), start + absl::Seconds(30));
      absl::SleepFor(absl::Milliseconds(1));
    }
  }
  absl::Status Propose() {
    const std::vector<int32_t> one = {1, 2, 3};
    const std::vector<int32_t> two = {1, 2};
    const DraftRequest requests[] = {
        {.sequence = 1, .tokens = one, .max_tokens = 2},
        {.sequence = 2, .tokens = two, .max_tokens = 2}};
    return client_->Propose(requests, absl::InfiniteFuture(), &drafts_,
                            &times_);
  }
  void ExpectNoDrafts() {
    ASSERT_EQ(drafts_.size(), 2);
    for (const Draft& draft : drafts_) EXPECT_TRUE(draft.tokens.empty());
    EXPECT_TRUE(times_.steps.empty());
  }

  LyingSpeculator liar_;
  std::unique_ptr<rpc::Server> server_ =
      *rpc::Server::Start({}, {{"tessera.speculator.v1.Speculator", &liar_}});
  metrics::Registry registry_;
  std::unique_ptr<RemoteSpeculator> client_;
  std::vector<Draft> drafts_;
  DraftTimes times_;
};

TEST_F(LyingSpeculatorTest, ALieCostsTheDraftsOfItsCallAndTheTruthIsTaken) {
  Connect(absl::Seconds(20));
  for (int lie = 1; lie < static_cast<int>(Lie::kError); ++lie) {
    SCOPED_TRACE(lie);
    liar_.lie = static_cast<Lie>(lie);
    EXPECT_EQ(Propose().code(), absl::StatusCode::kDataLoss);
    ExpectNoDrafts();
    EXPECT_FALSE(client_->is_ready());
    liar_.lie = Lie::kNone;
    WaitUntilReady();
    EXPECT_TRUE(Propose().ok());
    EXPECT_EQ(drafts_[1].tokens, std::vector<int32_t>({7}));
  }
}

TEST_F(LyingSpeculatorTest, OneThatIsSilentCostsOneCall) {
  Connect(absl::Milliseconds(30));
  liar_.lie = Lie::kSilence;
  EXPECT_EQ(Propose().code(), absl::StatusCode::kDeadlineExceeded);
  ExpectNoDrafts();
  EXPECT_GE(times_.overhead, absl::Milliseconds(25));
}

TEST_F(LyingSpeculatorTest, NobodyIsAskedUntilAProbeIsAnswered) {
  Connect(absl::Seconds(20));
  liar_.lie = Lie::kDeadProbe;
  EXPECT_EQ(Propose().code(), absl::StatusCode::kInternal);
  const int num_calls = liar_.num_calls;
  for (int i = 0; i < 30; ++i) {
    EXPECT_TRUE(Propose().ok());
    ExpectNoDrafts();
    absl::SleepFor(absl::Milliseconds(2));
  }
  EXPECT_EQ(liar_.num_calls, num_calls);
  liar_.lie = Lie::kNone;
  WaitUntilReady();
  EXPECT_TRUE(Propose().ok());
  EXPECT_EQ(drafts_[0].tokens, std::vector<int32_t>({7}));
}

TEST_F(LyingSpeculatorTest, ItsOwnWordsAboutTimeAreNotBelievedPastTheClock) {
  Connect(absl::Seconds(20));
  ASSERT_TRUE(Propose().ok());
  EXPECT_EQ(times_.steps.size(), 1);
  liar_.lie = Lie::kLongStep;
  ASSERT_TRUE(Propose().ok());
  EXPECT_EQ(times_.steps.size(), 0);
  EXPECT_GT(times_.overhead, absl::ZeroDuration());
  EXPECT_LT(times_.overhead, absl::Seconds(1000));
}

}  // namespace
}  // namespace tessera::speculator
