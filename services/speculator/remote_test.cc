// A speculator over the network gives what one in this process gives.
#include <map>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "libs/rpc/server.h"
#include "services/speculator/client/remote_speculator.h"
#include "services/speculator/speculator_service.h"
#include "services/speculator/testing/draft_oracle.h"

namespace tessera::speculator {
namespace {

constexpr int32_t kVocab = 300;
constexpr char kDigest[] = "the vocabulary";

class RemoteTest : public testing::Test {
 protected:
  // A speculator that listens; the second one where the first did.
  void Listen(const std::string& digest = kDigest) {
    server_.reset();
    service_ = std::make_unique<SpeculatorService>(
        [this, digest]() -> absl::StatusOr<LoadedSpeculator> {
          LoadedSpeculator loaded;
          loaded.info.set_vocabulary_digest(digest);
          loaded.info.set_vocab_size(kVocab);
          loaded.speculator = *Speculator::Create(SmallModel({}), kVocab, {},
                                                  &server_registry_);
          return loaded;
        },
        [](absl::Status) {});
    server_ = *rpc::Server::Start({.listen = absl::StrCat("127.0.0.1:", port_)},
                                  {{kServiceName, service_.get()}});
    port_ = server_->port();
  }
  void Connect() {
    client_ = *RemoteSpeculator::Create(absl::StrCat("127.0.0.1:", port_),
                                        {.call_timeout = absl::Seconds(20),
                                         .min_pause = absl::Milliseconds(10),
                                         .max_pause = absl::Milliseconds(40)},
                                        &registry_);
    client_->SetTarget(kDigest, kVocab);
  }
  void WaitUntilReady() {
    const absl::Time start = absl::Now();
    while (!client_->is_ready()) {
      ASSERT_LT(absl::Now(), start + absl::Seconds(30));
      absl::SleepFor(absl::Milliseconds(2));
    }
  }
  absl::Status Propose(absl::Span<const DraftRequest> requests) {
    return client_->Propose(requests, absl::InfiniteFuture(), &drafts_,
                            &times_);
  }

  int port_ = 0;
  metrics::Registry registry_;
  metrics::Registry server_registry_;
  std::unique_ptr<SpeculatorService> service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<RemoteSpeculator> client_;
  std::vector<Draft> drafts_;
  DraftTimes times_;
};

struct Sequence {
  std::vector<int32_t> known;
  sampling::Sampler sampler;
};

TEST_F(RemoteTest, GivesWhatPlainDecodingGivesOverRestartsToo) {
  Listen();
  Connect();
  WaitUntilReady();
  std::mt19937 random(7);
  DraftOracle oracle({});
  std::map<SequenceId, Sequence> sequences;
  for (SequenceId id = 0; id < 6; ++id) {
    std::vector<int32_t> prompt(1 + random() % 50);
    for (int32_t& token : prompt) token = random() % kVocab;
    sampling::SamplingParameters parameters = {
        .temperature = id % 2 == 0 ? 0.f : 0.9f,
        .repetition_penalty = id % 3 == 0 ? 1.2f : 1.f,
        .seed = random()};
    sequences.emplace(id, Sequence{prompt, *sampling::Sampler::Create(
                                               parameters, kVocab, prompt)});
  }
  int num_drafted = 0;
  int num_failed = 0;
  for (int step = 0; step < 50; ++step) {
    if (step == 25) Listen();  // another process, which knows nothing
    std::vector<DraftRequest> requests;
    for (auto& [id, sequence] : sequences) {
      if (random() % 3 == 0) continue;
      requests.push_back({.sequence = id,
                          .tokens = sequence.known,
                          .max_tokens = static_cast<int>(random() % 5),
                          .sampler = &sequence.sampler});
    }
    if (!Propose(requests).ok()) {
      ++num_failed;
      WaitUntilReady();
      continue;
    }
    for (size_t i = 0; i < requests.size(); ++i) {
      const std::vector<int32_t>& draft = drafts_[i].tokens;
      ASSERT_EQ(draft, oracle.Draft(requests[i], draft.size()));
      num_drafted += draft.size();
      Sequence& sequence = sequences.at(requests[i].sequence);
      const size_t num_kept = random() % (draft.size() + 1);
      for (size_t j = 0; j < num_kept + 1; ++j) {
        const int32_t token = j < num_kept ? draft[j] : random() % kVocab;
        sequence.known.push_back(token);
        sequence.sampler.Append(token);
      }
    }
  }
  EXPECT_GT(num_drafted, 150);
  EXPECT_LE(num_failed, 2);
}

TEST_F(RemoteTest, SaysWhereTheTimeWent) {
  Listen();
  Connect();
  WaitUntilReady();
  const std::vector<int32_t> tokens = {1, 2};
  const DraftRequest request = {
      .sequence = 1, .tokens = tokens, .max_tokens = 3};
  ASSERT_TRUE(Propose({&request, 1}).ok());
  EXPECT_EQ(drafts_[0].tokens.size(), 3);
  ASSERT_EQ(times_.steps.size(), 3);
  EXPECT_EQ(times_.steps[0].num_sequences, 1);
  EXPECT_GT(times_.overhead, absl::ZeroDuration());
}

TEST_F(RemoteTest, AnotherVocabularyIsNotAsked) {
  Listen("another vocabulary");
  Connect();
  const std::vector<int32_t> tokens = {1, 2};
  const DraftRequest request = {
      .sequence = 1, .tokens = tokens, .max_tokens = 3};
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(client_->is_ready());
    EXPECT_TRUE(Propose({&request, 1}).ok());
    EXPECT_TRUE(drafts_[0].tokens.empty());
    absl::SleepFor(absl::Milliseconds(5));
  }
  // One of the right vocabulary takes its place.
  Listen();
  WaitUntilReady();
  EXPECT_TRUE(Propose({&request, 1}).ok());
  EXPECT_EQ(drafts_[0].tokens.size(), 3);
}

TEST_F(RemoteTest, ATokenThatTheSpeculatorLacksCostsItsOwnDraftAlone) {
  Listen();
  client_ = *RemoteSpeculator::Create(absl::StrCat("127.0.0.1:", port_),
                                      {.call_timeout = absl::Seconds(20)},
                                      &registry_);
  client_->SetTarget(kDigest, kVocab + 20);  // more columns
  WaitUntilReady();
  const std::vector<int32_t> lacking = {1, kVocab + 3};
  const std::vector<int32_t> tokens = {1, 2};
  const auto sampler = *sampling::Sampler::Create(
      {.logit_bias = {{kVocab + 1, 5}}}, kVocab + 20);
  const DraftRequest requests[] = {
      {.sequence = 1, .tokens = lacking, .max_tokens = 2},
      {.sequence = 2, .tokens = tokens, .max_tokens = 2, .sampler = &sampler},
      {.sequence = 3, .tokens = tokens, .max_tokens = 2}};
  ASSERT_TRUE(Propose(requests).ok());
  EXPECT_EQ(drafts_[0].tokens.size(), 0);
  EXPECT_EQ(drafts_[1].tokens.size(), 0);
  EXPECT_EQ(drafts_[2].tokens.size(), 2);
}

TEST_F(RemoteTest, EndsWhileNobodyListens) {
  Listen();
  server_.reset();
  Connect();
  EXPECT_FALSE(client_->is_ready());
  client_.reset();
}

}  // namespace
}  // namespace tessera::speculator
