#include "libs/http/outbox.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace tessera::http {
namespace {

// A connection that takes what it is asked to, and the box that wakes it.
class OutboxTest : public testing::Test, public Outbox::Sender {
 protected:
  // As its owner does; what is in it holds the box.
  void TearDown() override { mailbox_->Close(); }

  void OnReady() override {}
  size_t TrySend(absl::string_view bytes) override {
    ++num_tries_;
    const size_t num_sent = std::min(bytes.size(), num_sendable_);
    sent_.append(bytes.data(), num_sent);
    return num_sent;
  }

  std::shared_ptr<Outbox> Open(const AnswerTerms& terms) {
    return std::make_shared<Outbox>(options_, mailbox_, terms, this);
  }
  // A stream whose head is on its way.
  std::shared_ptr<Outbox> OpenStream() {
    const auto outbox = Open({.is_http_1_1 = true, .keep_alive = true});
    outbox->Begin({});
    TakeFrom(*outbox);
    TakeFrom(*outbox);
    return outbox;
  }

  Outbox::Taken TakeFrom(Outbox& outbox) {
    std::vector<std::shared_ptr<Outbox>> woken;
    mailbox_->Take(&woken);
    bytes_.clear();
    return outbox.Take(&bytes_);
  }

  // More pieces than threads may send themselves, so that the next are queued.
  void UseUpTurns() {
    while (mailbox_->TakeTurn()) {
    }
  }

  int num_wakes_ = 0;
  int num_tries_ = 0;
  size_t num_sendable_ = 1000;
  std::string sent_;
  std::string bytes_;
  std::shared_ptr<const ServerOptions> options_ =
      std::make_shared<ServerOptions>(ServerOptions{.max_send_bytes = 1000});
  std::shared_ptr<Mailbox> mailbox_ =
      std::make_shared<Mailbox>([this] { ++num_wakes_; });
};

TEST_F(OutboxTest, PiecesOfABurstWakeTheConnectionOnceAndLeaveTogether) {
  const auto outbox = Open({.is_http_1_1 = true, .keep_alive = true});
  outbox->Begin({});
  EXPECT_TRUE(outbox->Write("one"));
  EXPECT_TRUE(outbox->Write("two"));
  EXPECT_EQ(num_wakes_, 1);
  EXPECT_EQ(num_tries_, 0);
  EXPECT_EQ(TakeFrom(*outbox), Outbox::Taken::kSome);
  EXPECT_TRUE(absl::StartsWith(bytes_, "HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(absl::EndsWith(bytes_, "\r\n\r\n3\r\none\r\n3\r\ntwo\r\n"));
}

TEST_F(OutboxTest, ALonePieceIsSentByItsThread) {
  const auto outbox = OpenStream();
  const int num_wakes = num_wakes_;
  EXPECT_TRUE(outbox->Write("one"));
  EXPECT_EQ(sent_, "3\r\none\r\n");
  EXPECT_EQ(num_wakes_, num_wakes);
}

TEST_F(OutboxTest, WhatCouldNotBeSentAtOnceIsLeftToTheConnection) {
  const auto outbox = OpenStream();
  num_sendable_ = 4;
  EXPECT_TRUE(outbox->Write("one"));
  EXPECT_TRUE(outbox->Write("two"));
  EXPECT_EQ(num_tries_, 1);
  EXPECT_EQ(TakeFrom(*outbox), Outbox::Taken::kSome);
  EXPECT_EQ(sent_ + bytes_, "3\r\none\r\n3\r\ntwo\r\n");
}

TEST_F(OutboxTest, NoPieceOvertakesWhatTheConnectionStillSends) {
  const auto outbox = OpenStream();
  UseUpTurns();
  EXPECT_TRUE(outbox->Write("one"));
  TakeFrom(*outbox);
  absl::SleepFor(absl::Milliseconds(5));  // there are turns again
  EXPECT_TRUE(outbox->Write("two"));
  EXPECT_EQ(num_tries_, 0);
  outbox->Block(8);
  EXPECT_TRUE(outbox->Write("three"));
  EXPECT_EQ(num_tries_, 0);
  TakeFrom(*outbox);
  EXPECT_EQ(bytes_, "3\r\ntwo\r\n5\r\nthree\r\n");
}

TEST_F(OutboxTest, ALongRowOfPiecesIsLeftToTheConnection) {
  const auto outbox = OpenStream();
  UseUpTurns();
  EXPECT_TRUE(outbox->Write("one"));
  EXPECT_EQ(num_tries_, 0);
}

TEST_F(OutboxTest, TooMuchThatWaitsFailsTheStream) {
  const auto outbox = OpenStream();
  UseUpTurns();
  EXPECT_TRUE(outbox->Write(std::string(400, 'x')));
  TakeFrom(*outbox);
  outbox->Block(bytes_.size());
  EXPECT_TRUE(outbox->Write(std::string(600, 'x')));
  const int num_wakes = num_wakes_;
  EXPECT_FALSE(outbox->Write("y"));
  EXPECT_EQ(num_wakes_, num_wakes + 1);  // though it is blocked
  EXPECT_EQ(TakeFrom(*outbox), Outbox::Taken::kFailed);
  EXPECT_FALSE(outbox->Write("z"));
}

TEST_F(OutboxTest, NothingIsSentOnceTheConnectionIsGone) {
  const auto outbox = OpenStream();
  int num_closed = 0;
  outbox->OnClosed([&] { ++num_closed; });
  outbox->Close();
  EXPECT_EQ(num_closed, 1);
  EXPECT_FALSE(outbox->Write("one"));
  outbox->Finish();
  EXPECT_EQ(num_tries_, 0);
  outbox->Close();
  EXPECT_EQ(num_closed, 1);
}

TEST_F(OutboxTest, ACompleteAnswerLetsGoOfItsCallback) {
  const auto outbox = Open({.is_http_1_1 = true, .keep_alive = true});
  const auto held = std::make_shared<int>();
  outbox->OnClosed([held] { FAIL(); });
  outbox->Send({});
  EXPECT_EQ(TakeFrom(*outbox), Outbox::Taken::kLast);
  EXPECT_FALSE(outbox->closes_connection());
  outbox->Complete();
  EXPECT_EQ(held.use_count(), 1);
  outbox->Close();
}

TEST_F(OutboxTest, ADroppedExchangeSends500) {
  const auto outbox = Open({.is_http_1_1 = true, .keep_alive = true});
  Outbox::MakeExchange(outbox).reset();
  EXPECT_EQ(TakeFrom(*outbox), Outbox::Taken::kLast);
  EXPECT_TRUE(absl::StartsWith(bytes_, "HTTP/1.1 500 "));
}

TEST_F(OutboxTest, DrainingAnswersSayClose) {
  const auto outbox = Open({.is_http_1_1 = true, .keep_alive = true});
  mailbox_->StartDraining();
  outbox->Send({});
  TakeFrom(*outbox);
  EXPECT_TRUE(absl::StrContains(bytes_, "\r\nConnection: close\r\n"));
  EXPECT_TRUE(outbox->closes_connection());
}

using OutboxDeathTest = OutboxTest;

TEST_F(OutboxDeathTest, ASecondAnswerIsABug) {
  const auto outbox = Open({.is_http_1_1 = true});
  outbox->Send({});
  EXPECT_DEATH(outbox->Send({}), "a second answer");
  EXPECT_DEATH(outbox->Write("x"), "a piece outside of a stream");
  EXPECT_DEATH(outbox->Finish(), "the end of no stream");
}

TEST_F(OutboxTest, AClosedMailboxKeepsNothing) {
  const auto outbox = OpenStream();
  mailbox_->Close();
  const int num_wakes = num_wakes_;
  UseUpTurns();
  EXPECT_TRUE(outbox->Write("one"));
  outbox->Finish();
  EXPECT_EQ(num_wakes_, num_wakes);
  EXPECT_EQ(outbox.use_count(), 1);
}

}  // namespace
}  // namespace tessera::http
