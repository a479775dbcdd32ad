// A verifier whose draft model is the target itself, in its process and apart:
// the answers are those without drafts, and every draft is right.
#include <condition_variable>
#include <cstdlib>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/rpc/server.h"
#include "services/speculator/load_speculator.h"
#include "services/speculator/make_speculator.h"
#include "services/speculator/speculator_service.h"
#include "services/verifier/local_client.h"
#include "services/verifier/verifier.h"
#include "tests/model/synthetic_checkpoint.h"

namespace tessera::speculator {
namespace {

using ::testing::HasSubstr;

std::string ModelFile() { return std::getenv("TESSERA_DEFAULT_MODEL"); }

constexpr int64_t kKvBytes = int64_t{128} << 20;

class Answer : public verifier::GenerateObserver {
 public:
  void OnResponse(verifier::v1::GenerateResponse response) override {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const verifier::v1::ChoiceDelta& delta : response.deltas()) {
      if (delta.index() >= bits_.size()) bits_.resize(delta.index() + 1);
      std::string& bits = bits_[delta.index()];
      for (const verifier::v1::TokenLogprobs& one : delta.logprobs()) {
        one.AppendToString(&bits);
      }
    }
    if (response.has_usage()) usage_ = response.usage();
  }
  void OnDone(absl::Status status) override {
    std::lock_guard<std::mutex> lock(mutex_);
    status_ = std::move(status);
    is_done_ = true;
    changed_.notify_all();
  }
  // What must not change, a choice each: its tokens and their probabilities.
  std::vector<std::string> Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return is_done_; });
    EXPECT_TRUE(status_.ok()) << status_;
    return bits_;
  }
  const verifier::v1::Usage& usage() const { return usage_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_done_ = false;
  absl::Status status_;
  std::vector<std::string> bits_;
  verifier::v1::Usage usage_;
};

verifier::v1::GenerateRequest Request(int index) {
  verifier::v1::GenerateRequest request;
  request.mutable_prompt()->mutable_text()->set_text(
      absl::StrCat("Story ", index, ":"));
  request.set_max_tokens(40);
  request.set_ignore_eos(true);
  request.set_n(1 + index % 2);
  request.set_num_logprobs(2);
  verifier::v1::SamplingParameters* sampling = request.mutable_sampling();
  sampling->set_temperature(index % 3 == 0 ? 0 : 0.9f);
  sampling->set_top_p(index % 4 == 1 ? 0.8f : 1);
  sampling->set_frequency_penalty(index % 2 == 0 ? 0.7f : 0);
  sampling->set_repetition_penalty(index % 4 == 3 ? 1.3f : 1);
  sampling->set_seed(index);
  return request;
}

struct Drafted {
  int64_t num_drafted = 0;
  int64_t num_accepted = 0;
};

class Served {
 public:
  Served(verifier::SpeculationMode mode, const DraftOptions& drafts) {
    auto factory = MakeSpeculatorFactory(drafts, &registry_);
    EXPECT_TRUE(factory.ok()) << factory.status();
    verifier_ = *verifier::Verifier::Create(
        {.kv_memory_bytes = kKvBytes, .speculation = mode}, ModelFile(), {},
        &registry_, *std::move(factory));
    std::promise<absl::Status> loaded;
    verifier_->OnLoaded([&](absl::Status status) { loaded.set_value(status); });
    status_ = loaded.get_future().get();
  }

  const absl::Status& status() const { return status_; }

  // All at once.
  std::vector<std::vector<std::string>> Ask() {
    std::vector<std::shared_ptr<Answer>> answers;
    std::vector<std::unique_ptr<verifier::GenerateCall>> calls;
    for (int i = 0; i < 4; ++i) {
      answers.push_back(std::make_shared<Answer>());
      calls.push_back(verifier_->Generate(Request(i), answers.back()));
    }
    std::vector<std::vector<std::string>> bits;
    for (const auto& answer : answers) {
      bits.push_back(answer->Wait());
      for (const verifier::v1::DraftedTokens& one : answer->usage().drafted()) {
        EXPECT_EQ(one.source(), verifier::v1::SOURCE_DRAFT_MODEL);
        drafted_.num_drafted += one.num_drafted();
        drafted_.num_accepted += one.num_accepted();
      }
    }
    return bits;
  }
  const Drafted& drafted() const { return drafted_; }
  bool Says(const std::string& words) {
    return registry_.Exposition().find(words) != std::string::npos;
  }

 private:
  metrics::Registry registry_;
  std::unique_ptr<verifier::Verifier> verifier_;
  absl::Status status_;
  Drafted drafted_;
};

class VerifierDraftsTest : public testing::Test {
 protected:
  static const std::vector<std::vector<std::string>>& Plain() {
    static const auto* plain = new std::vector<std::vector<std::string>>(
        Served(verifier::SpeculationMode::kOff, {}).Ask());
    return *plain;
  }
  // Until there were so many draft tokens: what pays is up to the clock, and a
  // model as large as the target seldom does.
  void ExpectRightDrafts(Served* served, int least) {
    ASSERT_TRUE(served->status().ok()) << served->status();
    for (int i = 0; i < 200 && served->drafted().num_drafted < least; ++i) {
      EXPECT_EQ(served->Ask(), Plain());
    }
    EXPECT_GE(served->drafted().num_drafted, least);
    EXPECT_EQ(served->drafted().num_accepted, served->drafted().num_drafted);
  }
};

TEST_F(VerifierDraftsTest, InItsProcess) {
  Served served(verifier::SpeculationMode::kDraft,
                {.model_file = ModelFile(), .kv_memory_bytes = kKvBytes});
  // A model that drafts for itself does not pay: probes alone, one now and
  // then.
  ExpectRightDrafts(&served, 10);
  EXPECT_TRUE(served.Says("tessera_speculator_step_seconds_count"));
}

TEST_F(VerifierDraftsTest, Apart) {
  metrics::Registry registry;
  SpeculatorService service(
      [&] {
        return LoadOwnSpeculator(ModelFile(), {}, {.kv_memory_bytes = kKvBytes},
                                 &registry);
      },
      [](absl::Status status) { EXPECT_TRUE(status.ok()) << status; });
  const auto server = *rpc::Server::Start({}, {{kServiceName, &service}});
  Served served(verifier::SpeculationMode::kDraft,
                {.address = absl::StrCat("127.0.0.1:", server->port())});
  const absl::Time start = absl::Now();
  while (!served.Says("tessera_speculator_client_ready 1")) {
    ASSERT_LT(absl::Now(), start + absl::Seconds(60));
    absl::SleepFor(absl::Milliseconds(20));
  }
  ExpectRightDrafts(&served, 1);
}

TEST_F(VerifierDraftsTest, AnotherVocabularyIsRefusedByItsFirstOtherToken) {
  const std::string file =
      absl::StrCat(std::getenv("TEST_TMPDIR"), "/other.gguf");
  model::WriteGguf(model::SyntheticArchitectures()[0], DType::kF16, file);
  Served served(verifier::SpeculationMode::kDraft, {.model_file = file});
  EXPECT_EQ(served.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(served.status().message(), HasSubstr(file));
  EXPECT_THAT(served.status().message(),
              HasSubstr("its vocabulary is another: token "));
}

TEST_F(VerifierDraftsTest, AMissingDraftModelIsNamed) {
  Served served(verifier::SpeculationMode::kAuto,
                {.model_file = "no/such.gguf"});
  EXPECT_EQ(served.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(served.status().message(), HasSubstr("no/such.gguf"));
}

TEST_F(VerifierDraftsTest, ADraftModelThatNobodyAsksIsNotLoaded) {
  Served served(verifier::SpeculationMode::kLookup,
                {.model_file = "no/such.gguf"});
  EXPECT_TRUE(served.status().ok()) << served.status();
}

}  // namespace
}  // namespace tessera::speculator
