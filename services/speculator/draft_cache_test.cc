#include "services/speculator/draft_cache.h"

#include <numeric>
#include <random>
#include <set>

#include "gtest/gtest.h"

namespace tessera::speculator {
namespace {

constexpr int kBlockTokens = 4;
constexpr kv_cache::KvGeometry kGeometry = {
    .block_tokens = kBlockTokens, .num_layers = 1, .layer_bytes = 64};

std::unique_ptr<DraftCache> Make(int num_blocks, int max_sequences = 100) {
  return *DraftCache::Create(kGeometry, num_blocks * 64, max_sequences);
}

std::vector<int32_t> Count(int from, int size) {
  std::vector<int32_t> tokens(size);
  std::iota(tokens.begin(), tokens.end(), from);
  return tokens;
}

using Tokens = absl::Span<const int32_t>;

// Takes the sequence and computes all that is known; how much was there.
int64_t Compute(DraftCache* cache, SequenceId id, Tokens known,
                absl::string_view salt = "") {
  DraftCache::Entry* entry = cache->Take(id, salt, known);
  const int64_t num_found = entry->tokens.size();
  EXPECT_EQ(Tokens(entry->tokens), known.first(num_found));
  EXPECT_TRUE(cache->Append(entry, known.subspan(num_found)));
  cache->Share(entry, known.size());
  EXPECT_EQ(entry->table.num_tokens(), entry->tokens.size());
  cache->EndCall();
  return num_found;
}

TEST(DraftCacheTest, KeepsWhatIsCommonAndNeverTheLastToken) {
  const auto cache = Make(100);
  const std::vector<int32_t> tokens = Count(0, 10);
  EXPECT_EQ(Compute(cache.get(), 1, tokens), 0);
  EXPECT_EQ(Compute(cache.get(), 1, tokens), 9);
  std::vector<int32_t> other = tokens;
  other[6] = 99;
  EXPECT_EQ(Compute(cache.get(), 1, other), 6);
  EXPECT_EQ(Compute(cache.get(), 1, Tokens(other).first(3)), 2);
  EXPECT_EQ(Compute(cache.get(), 1, Tokens(other).first(1)), 0);
}

TEST(DraftCacheTest, ASequenceFindsWhatAnotherSharedUnlessTheSaltDiffers) {
  const auto cache = Make(100);
  const std::vector<int32_t> tokens = Count(0, 30);
  Compute(cache.get(), 1, tokens);
  EXPECT_EQ(Compute(cache.get(), 2, tokens), 28);
  EXPECT_EQ(cache->num_free_blocks(), 100 - 7 - 2);  // and two tails
  EXPECT_EQ(Compute(cache.get(), 3, tokens, "other"), 0);
  // The same sequence, of another salt now.
  EXPECT_EQ(Compute(cache.get(), 1, tokens, "third"), 0);
}

TEST(DraftCacheTest, AReleasedSequenceLeavesWhatItShared) {
  const auto cache = Make(100);
  const std::vector<int32_t> tokens = Count(0, 30);
  Compute(cache.get(), 1, tokens);
  cache->Release(1);
  cache->Release(1);
  EXPECT_EQ(cache->num_sequences(), 0);
  EXPECT_EQ(Compute(cache.get(), 1, tokens), 28);
}

TEST(DraftCacheTest, DraftsAreNotShared) {
  const auto cache = Make(100);
  const std::vector<int32_t> tokens = Count(0, 30);
  DraftCache::Entry* entry = cache->Take(1, "", tokens);
  ASSERT_TRUE(cache->Append(entry, tokens));
  cache->Share(entry, 10);  // the others are drafts
  cache->EndCall();
  EXPECT_EQ(Compute(cache.get(), 2, tokens), 8);
}

TEST(DraftCacheTest, TheOneUsedLongestAgoMakesRoom) {
  const auto cache = Make(6);
  Compute(cache.get(), 1, Count(0, 8));
  Compute(cache.get(), 2, Count(100, 8));
  Compute(cache.get(), 1, Count(0, 8));
  Compute(cache.get(), 3, Count(200, 12));
  EXPECT_EQ(cache->num_forgotten(), 1);
  EXPECT_EQ(Compute(cache.get(), 1, Count(0, 8)), 7);
}

TEST(DraftCacheTest, ThoseInUseStayAndNothingElseFits) {
  const auto cache = Make(4);
  DraftCache::Entry* one = cache->Take(1, "", Count(0, 9));
  EXPECT_TRUE(cache->Append(one, Count(0, 8)));
  DraftCache::Entry* two = cache->Take(2, "", Count(50, 9));
  EXPECT_FALSE(cache->Append(two, Count(50, 12)));
  EXPECT_TRUE(two->tokens.empty());
  EXPECT_TRUE(cache->Append(two, Count(50, 8)));
  EXPECT_EQ(one->tokens, Count(0, 8));
  cache->EndCall();
}

TEST(DraftCacheTest, KeepsNoMoreSequencesThanItMay) {
  const auto cache = Make(100, /*max_sequences=*/3);
  for (int i = 0; i < 10; ++i) Compute(cache.get(), i, Count(i * 100, 5));
  EXPECT_EQ(cache->num_sequences(), 3);
  EXPECT_EQ(Compute(cache.get(), 9, Count(900, 5)), 4);
}

// Every block says which tokens were written to it.
class RandomTest {
 public:
  explicit RandomTest(uint32_t seed) : random_(seed) {}

  void Run() {
    for (int step = 0; step < 2000; ++step) {
      const int num_taken = Pick(1, 4);
      taken_.clear();
      for (int i = 0; i < num_taken; ++i) TakeOne();
      cache_->EndCall();
      if (Pick(0, 9) == 0) cache_->Release(Pick(0, 7));
    }
  }

 private:
  int Pick(int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random_);
  }

  uint8_t* Slot(const DraftCache::Entry& entry, int64_t position) {
    const auto block = entry.table.block_ids()[position / kBlockTokens];
    return cache_->arena().block(block) + position % kBlockTokens;
  }

  // Few stems, so that sequences share them.
  std::vector<int32_t> SomeTokens() {
    std::vector<int32_t> tokens(Pick(1, 40));
    for (int32_t& token : tokens) token = Pick(0, 9) == 0 ? 1 : 0;
    return tokens;
  }

  void TakeOne() {
    const SequenceId id = Pick(0, 7);
    if (!taken_.insert(id).second) return;
    const std::vector<int32_t> known = SomeTokens();
    DraftCache::Entry* entry =
        cache_->Take(id, Pick(0, 3) == 0 ? "salt" : "", known);
    const Tokens missing = Tokens(known).subspan(entry->tokens.size());
    ASSERT_FALSE(missing.empty());
    const int64_t first = entry->tokens.size();
    if (!cache_->Append(entry, missing)) return;
    for (size_t i = 0; i < missing.size(); ++i) {
      *Slot(*entry, first + i) = static_cast<uint8_t>(missing[i]);
    }
    for (size_t i = 0; i < known.size(); ++i) {
      ASSERT_EQ(*Slot(*entry, i), known[i]) << "position " << i;
    }
    cache_->Share(entry, Pick(0, known.size()));
  }

  std::mt19937 random_;
  const std::unique_ptr<DraftCache> cache_ = Make(30, 6);
  std::set<SequenceId> taken_;  // in this call
};

TEST(DraftCacheTest, BlocksHoldWhatTheTokensSayWhateverHappens) {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE(seed);
    RandomTest(seed).Run();
  }
}

}  // namespace
}  // namespace tessera::speculator
