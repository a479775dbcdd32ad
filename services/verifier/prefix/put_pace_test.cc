#include "services/verifier/prefix/put_pace.h"

#include "gtest/gtest.h"

namespace tessera::verifier {
namespace {

const absl::Time kStart = absl::UnixEpoch();

absl::Time At(int milliseconds) {
  return kStart + absl::Milliseconds(milliseconds);
}

void Call(int begin, int end, PutPace& pace) {
  ASSERT_TRUE(pace.MayBegin(At(begin)));
  pace.Begin(At(begin));
  EXPECT_FALSE(pace.MayBegin(At(begin)));
  pace.End(At(end));
}

TEST(PutPaceTest, GoesWhereNothingWasComputedForAWhile) {
  PutPace pace;
  EXPECT_FALSE(pace.MayBegin(At(0)));
  pace.SetComputing(false, At(100));
  EXPECT_FALSE(pace.MayBegin(At(100)));
  EXPECT_EQ(pace.quiet_at(), At(100) + PutPace::kQuiet);
  pace.SetComputing(false, At(110));  // as before
  Call(120, 200, pace);
  Call(200, 300, pace);
  pace.SetComputing(true, At(301));
  EXPECT_FALSE(pace.MayBegin(At(400)));
  EXPECT_EQ(pace.quiet_at(), absl::InfiniteFuture());
}

TEST(PutPaceTest, HasAShareOfTheTimeOfPasses) {
  PutPace pace;
  absl::Duration calls;
  int now = 0;
  for (int pass = 0; pass < 10000; ++pass) {
    now += 10;
    pace.PassComputed(absl::Milliseconds(10));
    if (!pace.MayBegin(At(now))) continue;
    Call(now, now + 7, pace);
    calls += absl::Milliseconds(7);
  }
  EXPECT_NEAR(absl::ToDoubleSeconds(calls), 100 * PutPace::kShare, 0.01);
}

TEST(PutPaceTest, SavesUpLittleOfPassesAndMoreOfLoads) {
  PutPace pace;
  pace.PassComputed(absl::Hours(1));
  Call(0, 50, pace);
  EXPECT_FALSE(pace.MayBegin(At(50)));
  pace.Saved(absl::Milliseconds(20));
  Call(60, 70, pace);
  EXPECT_FALSE(pace.MayBegin(At(70)));
  pace.Saved(absl::Hours(1));
  pace.PassComputed(absl::Hours(1));  // takes nothing away
  Call(100, 5099, pace);
  EXPECT_TRUE(pace.MayBegin(At(5100)));
}

TEST(PutPaceTest, PaysForWhatACallTookOfTheComputing) {
  PutPace pace;
  pace.SetComputing(false, At(0));
  ASSERT_TRUE(pace.MayBegin(At(20)));
  pace.Begin(At(20));
  pace.SetComputing(true, At(100));
  pace.End(At(110));
  pace.Saved(absl::Milliseconds(19));
  EXPECT_FALSE(pace.MayBegin(At(120)));
  pace.Saved(absl::Milliseconds(2));
  EXPECT_TRUE(pace.MayBegin(At(120)));
}

}  // namespace
}  // namespace tessera::verifier
