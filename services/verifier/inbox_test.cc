#include "services/verifier/inbox.h"

#include <thread>

#include "gtest/gtest.h"

namespace tessera::verifier {
namespace {

TEST(InboxTest, GivesWhatWasPutInOrderAndOnce) {
  Inbox inbox;
  const auto first = std::make_shared<Generation>();
  const auto second = std::make_shared<Generation>();
  EXPECT_TRUE(inbox.Put(first));
  EXPECT_TRUE(inbox.Put(second));
  EXPECT_TRUE(inbox.Wait(absl::InfiniteFuture()));
  EXPECT_EQ(inbox.TakeAll(), std::vector({first, second}));
  EXPECT_TRUE(inbox.TakeAll().empty());
}

TEST(InboxTest, WaitsForWhatAnotherThreadPuts) {
  Inbox inbox;
  std::thread other([&] { inbox.Put(std::make_shared<Generation>()); });
  EXPECT_TRUE(inbox.Wait(absl::InfiniteFuture()));
  EXPECT_EQ(inbox.TakeAll().size(), 1u);
  other.join();
}

TEST(InboxTest, AWakeEndsTheNextWait) {
  Inbox inbox;
  inbox.Wake();
  EXPECT_TRUE(inbox.Wait(absl::InfiniteFuture()));
  EXPECT_TRUE(inbox.TakeAll().empty());
}

TEST(InboxTest, WaitsNoLongerThanAsked) {
  Inbox inbox;
  EXPECT_TRUE(inbox.Wait(absl::InfinitePast()));
  EXPECT_TRUE(inbox.Wait(absl::UnixEpoch()));
}

TEST(InboxTest, ClosedItTakesNothingAndGivesWhatCameBefore) {
  Inbox inbox;
  const auto before = std::make_shared<Generation>();
  EXPECT_TRUE(inbox.Put(before));
  inbox.Close();
  EXPECT_FALSE(inbox.Put(std::make_shared<Generation>()));
  EXPECT_FALSE(inbox.Wait(absl::InfiniteFuture()));
  EXPECT_EQ(inbox.TakeAll(), std::vector({before}));
}

}  // namespace
}  // namespace tessera::verifier
