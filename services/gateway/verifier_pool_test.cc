#include "services/gateway/verifier_pool.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/log/log.h"
#include "services/gateway/fake_verifier.h"
#include "services/gateway/prefix_affinity.h"

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;

// What one generation's caller was told.
struct Told : public verifier::GenerateObserver {
  void OnResponse(v1::GenerateResponse response) override {
    responses.push_back(std::move(response));
  }
  void OnDone(absl::Status status) override {
    EXPECT_FALSE(done.has_value());
    done = status;
  }
  std::vector<v1::GenerateResponse> responses;
  std::optional<absl::Status> done;
};

class VerifierPoolTest : public testing::Test {
 protected:
  VerifierPoolTest() {
    log::SetLevel(log::kError);
    std::vector<VerifierPool::Member> members;
    for (int i = 0; i < 3; ++i) {
      verifiers_.push_back(std::make_shared<FakeVerifier>());
      members.push_back({absl::StrCat("host", i, ":1"), verifiers_[i]});
    }
    pool_ = std::make_unique<VerifierPool>(std::move(members), &registry_);
  }

  // Every generation ends some time, as a client promises.
  ~VerifierPoolTest() override {
    for (const auto& verifier : verifiers_) {
      for (const auto& call : verifier->calls) {
        const auto observer = std::exchange(call->observer, nullptr);
        if (observer != nullptr) observer->OnDone(absl::CancelledError(""));
      }
    }
  }

  std::unique_ptr<verifier::GenerateCall> Generate(
      absl::string_view prompt, const std::shared_ptr<Told>& told) {
    v1::GenerateRequest request;
    request.mutable_prompt()->mutable_text()->set_text(std::string(prompt));
    return pool_->Generate(std::move(request), told);
  }
  // Which verifier has the newest call that is not answered yet.
  int Busy() const {
    for (int i = 0; i < 3; ++i) {
      if (!verifiers_[i]->calls.empty() &&
          verifiers_[i]->calls.back()->observer != nullptr) {
        return i;
      }
    }
    return 3;
  }
  void Respond(int verifier, const char* text) {
    verifiers_[verifier]->calls.back()->observer->OnResponse(Response(text));
  }
  void End(int verifier, absl::Status status) {
    std::exchange(verifiers_[verifier]->calls.back()->observer, nullptr)
        ->OnDone(status);
  }
  absl::Status Health() const {
    absl::Status status = absl::InternalError("not told");
    pool_->ModelInfo([&](const auto& info) { status = info.status(); });
    return status;
  }

  metrics::Registry registry_;
  std::vector<std::shared_ptr<FakeVerifier>> verifiers_;
  std::unique_ptr<VerifierPool> pool_;
  const std::shared_ptr<Told> told_ = std::make_shared<Told>();
};

TEST_F(VerifierPoolTest, APromptsBeginningStaysWithItsVerifier) {
  std::map<int, int> owners;
  for (int prompt = 0; prompt < 60; ++prompt) {
    const std::string start = absl::StrCat(prompt, std::string(300, 'x'));
    int owner = 3;
    for (const char* rest : {"", "a", "b"}) {
      const auto told = std::make_shared<Told>();
      const auto call = Generate(start + rest, told);
      const int busy = Busy();
      ASSERT_LT(busy, 3);
      if (owner == 3) owner = busy;
      EXPECT_EQ(busy, owner);
      End(busy, absl::OkStatus());
    }
    ++owners[owner];
  }
  for (int i = 0; i < 3; ++i) EXPECT_GT(owners[i], 5) << i;
}

TEST_F(VerifierPoolTest, AClearlyBusierOwnerIsSpared) {
  std::vector<std::unique_ptr<verifier::GenerateCall>> calls;
  for (int i = 0; i < 30; ++i) {
    calls.push_back(Generate("same", std::make_shared<Told>()));
  }
  for (const auto& verifier : verifiers_) {
    EXPECT_GE(verifier->calls.size(), 5);
  }
}

TEST_F(VerifierPoolTest, WhatAGoneVerifierHadNotBegunGoesElsewhere) {
  const auto call = Generate("a", told_);
  const int first = Busy();
  Respond(first, "prompt { num_tokens: 1 }");  // no token yet
  EXPECT_TRUE(told_->responses.empty());
  End(first, absl::UnavailableError("killed"));
  const int second = Busy();
  ASSERT_LT(second, 3);
  EXPECT_NE(second, first);
  Respond(second, "prompt { num_tokens: 2 }");
  Respond(second, "deltas { text: 'x' }");
  Respond(second, "deltas { text: 'y' } usage {}");
  End(second, absl::OkStatus());
  ASSERT_EQ(told_->responses.size(), 2);
  EXPECT_EQ(told_->responses[0].prompt().num_tokens(), 2);
  EXPECT_EQ(told_->responses[0].deltas(0).text(), "x");
  EXPECT_FALSE(told_->responses[1].has_prompt());
  EXPECT_EQ(*told_->done, absl::OkStatus());
}

TEST_F(VerifierPoolTest, AfterATokenTheErrorIsTold) {
  const auto call = Generate("a", told_);
  const int first = Busy();
  Respond(first, "prompt {} deltas { text: 'x' }");
  End(first, absl::UnavailableError("killed"));
  EXPECT_EQ(*told_->done, LostVerifier());  // no address in it
  EXPECT_EQ(Busy(), 3);
}

TEST_F(VerifierPoolTest, EachVerifierIsTriedOnce) {
  const auto call = Generate("a", told_);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(told_->done.has_value());
    End(Busy(), absl::UnavailableError("killed"));
  }
  EXPECT_EQ(*told_->done, NoneCanAnswer());
  EXPECT_TRUE(absl::IsUnavailable(Health()));
  const auto later = std::make_shared<Told>();
  EXPECT_NE(Generate("a", later), nullptr);
  EXPECT_TRUE(absl::IsUnavailable(*later->done));
}

TEST_F(VerifierPoolTest, OtherErrorsAreNotTriedAgain) {
  const auto call = Generate("a", told_);
  End(Busy(), absl::ResourceExhaustedError("full"));
  EXPECT_TRUE(absl::IsResourceExhausted(*told_->done));
  EXPECT_EQ(Busy(), 3);
}

TEST_F(VerifierPoolTest, AVerifierIsReadmittedByItsNextPoll) {
  for (const auto& verifier : verifiers_) {
    verifier->info = absl::UnavailableError("loading");
  }
  pool_->Poll();
  EXPECT_TRUE(absl::IsUnavailable(Health()));
  verifiers_[1]->info = FakeVerifier().info;
  pool_->Poll();
  EXPECT_TRUE(Health().ok());
  const auto call = Generate("a", told_);
  EXPECT_EQ(Busy(), 1);
  End(1, absl::OkStatus());
}

TEST_F(VerifierPoolTest, AVerifierThatDoesNotAnswerPollsIsEjected) {
  for (const auto& verifier : verifiers_) verifier->holds_info = true;
  for (int i = 0; i < VerifierTable::kMaxFailures; ++i) {
    pool_->Poll();
    EXPECT_TRUE(Health().ok()) << i;
  }
  pool_->Poll();
  EXPECT_TRUE(absl::IsUnavailable(Health()));
  EXPECT_EQ(verifiers_[0]->held_infos.size(), 1);  // not asked again and again
  verifiers_[0]->held_infos[0](FakeVerifier().info);
  EXPECT_TRUE(Health().ok());
}

TEST_F(VerifierPoolTest, AVerifierOfAnotherModelIsNotAdmitted) {
  verifiers_[2]->info->set_name("other");
  pool_->Poll();
  for (int i = 0; i < 20; ++i) {
    const auto told = std::make_shared<Told>();
    const auto call = Generate(absl::StrCat(i), told);
    EXPECT_LT(Busy(), 2);
    End(Busy(), absl::OkStatus());
  }
}

TEST_F(VerifierPoolTest, CancellingReachesTheVerifierAndEndsTheTrying) {
  const auto call = Generate("a", told_);
  const int first = Busy();
  call->Cancel();
  EXPECT_TRUE(verifiers_[first]->calls.back()->is_cancelled);
  End(first, absl::UnavailableError("killed"));
  EXPECT_TRUE(told_->done.has_value());
  EXPECT_EQ(Busy(), 3);
}

TEST_F(VerifierPoolTest, NobodyIsToldAfterTheCallIsGone) {
  auto call = Generate("a", told_);
  const int first = Busy();
  call.reset();
  EXPECT_TRUE(verifiers_[first]->calls.back()->is_cancelled);
  Respond(first, "deltas { text: 'x' }");
  End(first, absl::CancelledError(""));
  EXPECT_TRUE(told_->responses.empty());
  EXPECT_FALSE(told_->done.has_value());
}

TEST_F(VerifierPoolTest, ARefusalWithinTheCallIsTriedElsewhere) {
  int refusals = 0;
  for (const auto& verifier : verifiers_) {
    verifier->script = [&](FakeVerifier::Call& call) {
      if (++refusals == 3) return;  // the third takes it
      std::exchange(call.observer, nullptr)
          ->OnDone(absl::UnavailableError("refused"));
    };
  }
  const auto call = Generate("a", told_);
  EXPECT_EQ(refusals, 3);
  call->Cancel();
  EXPECT_TRUE(verifiers_[Busy()]->calls.back()->is_cancelled);
  End(Busy(), absl::CancelledError(""));
}

TEST_F(VerifierPoolTest, TokenizingIsTriedElsewhere) {
  verifiers_[0]->unary_error = absl::UnavailableError("gone");
  verifiers_[1]->unary_error = absl::UnavailableError("gone");
  v1::TokenizeRequest request;
  request.mutable_prompt()->mutable_text()->set_text("ab");
  int count = 0;
  const auto told = [&](const absl::StatusOr<v1::TokenizeResponse>& response) {
    ASSERT_TRUE(response.ok()) << response.status();
    count = response->ids_size();
  };
  pool_->Tokenize(request, told);
  EXPECT_EQ(count, 2);
  verifiers_[2]->unary_error = absl::UnavailableError("gone");
  pool_->Tokenize(request, [](const auto& response) {
    EXPECT_TRUE(absl::IsUnavailable(response.status()));
  });
}

TEST_F(VerifierPoolTest, RequestsMayOutliveThePool) {
  const auto call = Generate("a", told_);
  const int first = Busy();
  pool_.reset();
  End(first, absl::UnavailableError("killed"));
  EXPECT_TRUE(absl::IsUnavailable(*told_->done));
  EXPECT_EQ(Busy(), 3);
}

TEST(PrefixAffinityTest, SaltAndRolesAndLengthsAreTold) {
  v1::Prompt a;
  a.mutable_text()->set_text("x");
  EXPECT_EQ(PrefixHash(a, "s"), PrefixHash(a, "s"));
  EXPECT_NE(PrefixHash(a, "s"), PrefixHash(a, ""));
  EXPECT_NE(PrefixHash(a, "x"), PrefixHash(v1::Prompt(), "xx"));
  v1::Prompt chat;
  chat.mutable_chat()->add_messages()->set_content("x");
  v1::Prompt system = chat;
  system.mutable_chat()->mutable_messages(0)->set_role("system");
  EXPECT_NE(PrefixHash(chat, ""), PrefixHash(system, ""));
}

TEST_F(VerifierPoolTest, MetricsOfAllStandTogetherUnderTheirAddresses) {
  for (const auto& verifier : verifiers_) {
    verifier->exposition = "# TYPE tokens counter\ntokens 1\n";
  }
  verifiers_[1]->info = absl::UnavailableError("gone");
  pool_->Poll();
  std::string text;
  pool_->Metrics([&](const auto& metrics) { text = metrics->exposition(); });
  EXPECT_EQ(text,
            "# TYPE tokens counter\ntokens{verifier=\"host0:1\"} 1\n"
            "tokens{verifier=\"host2:1\"} 1\n");
}

}  // namespace
}  // namespace tessera::gateway
