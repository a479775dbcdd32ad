#include "services/verifier/block_names.h"

#include "gtest/gtest.h"

namespace tessera::verifier {
namespace {

constexpr int kBlockTokens = 4;

class BlockNamesTest : public testing::Test {
 protected:
  std::vector<kv_cache::PrefixDigest> Names(absl::string_view salt,
                                            int64_t num_public_blocks,
                                            int num_blocks = 4) {
    BlockNames names(hasher_, salt, num_public_blocks);
    const std::vector<int32_t> tokens(num_blocks * kBlockTokens, 7);
    names.Extend(hasher_, kBlockTokens, tokens);
    return names.hashes();
  }

  kv_cache::PrefixHasher hasher_{"key", {.block_tokens = kBlockTokens}};
};

TEST_F(BlockNamesTest, AreTheHashersWithoutPublicBlocks) {
  const std::vector<int32_t> tokens(4 * kBlockTokens, 7);
  EXPECT_EQ(Names("", 0), hasher_.Chain(hasher_.root(), tokens));
  EXPECT_EQ(Names("salt", 0), hasher_.Chain(hasher_.RootOf("salt"), tokens));
}

TEST_F(BlockNamesTest, PublicBlocksAreEverySaltsAndNothingElseIs) {
  const auto none = Names("", 2);
  const auto red = Names("red", 2);
  const auto blue = Names("blue", 2);
  EXPECT_EQ(none, Names("", 0));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(red[i], none[i]);
    EXPECT_EQ(blue[i], none[i]);
  }
  for (int i = 2; i < 4; ++i) {
    EXPECT_NE(red[i], none[i]);
    EXPECT_NE(blue[i], none[i]);
    EXPECT_NE(red[i], blue[i]);
    EXPECT_NE(red[i], Names("red", 0)[i]);
  }
}

TEST_F(BlockNamesTest, AreTheSameWhetherNamedAtOnceOrAsTheSequenceGrows) {
  const std::vector<int32_t> tokens(4 * kBlockTokens, 7);
  BlockNames names(hasher_, "red", 2);
  for (int i = 0; i <= 4; ++i) {
    names.Extend(hasher_, kBlockTokens,
                 absl::MakeConstSpan(tokens).first(i * kBlockTokens));
  }
  EXPECT_EQ(names.hashes(), Names("red", 2));
}

}  // namespace
}  // namespace tessera::verifier
