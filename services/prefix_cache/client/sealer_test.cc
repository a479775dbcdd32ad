#include "services/prefix_cache/client/sealer.h"

#include <set>

#include "gtest/gtest.h"

namespace tessera::prefix_cache {
namespace {

const std::vector<uint8_t> kPayload = {1, 2, 3, 4, 5, 6, 7};

Seal SealOf(const std::string& secret, uint8_t hash, uint8_t root,
            uint8_t parent, std::vector<int32_t> tokens,
            const std::vector<uint8_t>& payload = kPayload) {
  return Sealer(secret).Make(Hash{hash}, Hash{root}, Hash{parent}, tokens,
                             {ByteSpan(payload)});
}

TEST(SealerTest, EverythingChangesTheSeal) {
  const std::set<Seal> seals = {
      SealOf("secret", 1, 2, 3, {4, 5}),
      SealOf("other", 1, 2, 3, {4, 5}),
      SealOf("secret", 9, 2, 3, {4, 5}),
      SealOf("secret", 1, 9, 3, {4, 5}),
      SealOf("secret", 1, 2, 9, {4, 5}),
      SealOf("secret", 1, 2, 3, {4, 9}),
      SealOf("secret", 1, 2, 3, {4, 5}, {1, 2, 3, 4, 5, 6, 9})};
  EXPECT_EQ(seals.size(), 7);
}

TEST(SealerTest, PiecesMakeNoDifference) {
  const ByteSpan all(kPayload);
  const Sealer sealer("secret");
  const Seal seal = SealOf("secret", 1, 2, 3, {4, 5});
  EXPECT_TRUE(sealer.IsRight(seal, Hash{1}, Hash{2}, Hash{3}, {4, 5},
                             {all.first(3), all.subspan(3)}));
  EXPECT_FALSE(
      sealer.IsRight(seal, Hash{1}, Hash{2}, Hash{3}, {4, 5}, {all.first(3)}));
}

TEST(SealerTest, WithoutASecretAnythingIsRight) {
  EXPECT_EQ(SealOf("", 1, 2, 3, {4}), Seal{});
  EXPECT_TRUE(Sealer("").IsRight(Seal{7}, Hash{1}, Hash{2}, Hash{3}, {4}, {}));
}

}  // namespace
}  // namespace tessera::prefix_cache
