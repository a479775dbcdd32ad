// Tenants: in either tier another salt finds the public blocks and nothing
// else, and the store does the same for it whatever a victim has stored; the
// same salt finds everything.
#include "gtest/gtest.h"
#include "services/prefix_cache/client/get_result.h"
#include "services/prefix_cache/client/test_chain.h"
#include "services/prefix_cache/local_client.h"

namespace tessera::prefix_cache {
namespace {

constexpr int64_t kPayloadBytes = 10'000;
constexpr size_t kLength = 10;
constexpr int kNumPublic = 3;

enum class Tier { kMemory, kDisk };

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

// The tokens of one prompt: a public beginning, then what the text says.
std::shared_ptr<Chain> ChainOfPrompt(const std::string& salt, int32_t text,
                                     int num_public) {
  kv_cache::PrefixHasher hasher("key", {.block_tokens = kTestBlockTokens});
  auto chain = std::make_shared<Chain>();
  chain->block_tokens = kTestBlockTokens;
  chain->payload_bytes = kPayloadBytes;
  for (size_t i = 0; i < kLength * kTestBlockTokens; ++i) {
    const bool is_public = i < kNumPublic * kTestBlockTokens;
    chain->tokens.push_back(i + (is_public ? 0 : text));
  }
  kv_cache::PrefixNames names = hasher.Begin(salt, num_public);
  hasher.Extend(&names, chain->tokens);
  chain->root = names.root;
  chain->hashes = std::move(names.chain);
  return chain;
}

// What a tenant can learn of the store by its own calls, its time included:
// how many blocks were found and read, and from where.
struct Seen {
  int64_t num_matched = 0;
  int64_t num_in_memory = 0;
  size_t num_got = 0;
  int64_t num_memory_hits = 0;
  int64_t num_disk_hits = 0;
  int64_t num_misses = 0;
  int64_t num_read_bytes = 0;
  bool operator==(const Seen&) const = default;
};

class TenancyTest : public testing::TestWithParam<Tier> {
 protected:
  // A store in which victims have put prompts, as the tier has them.
  void Fill(const std::vector<std::shared_ptr<Chain>>& chains) {
    options_.directory = NewDirectory();
    options_.memory_bytes = 64 << 20;
    options_.disk_bytes = kMinDiskBytes;
    Open();
    for (const std::shared_ptr<Chain>& chain : chains) {
      Answer<v1::PutResponse> put;
      client_->Put(chain, 0, PayloadsOf(*chain, 0, kLength), Soon(),
                   put.callback());
      ASSERT_TRUE(put.Wait().ok());
      ASSERT_EQ(put.Wait()->num_refused(), 0);
    }
    store_->WaitUntilWritten();
    if (GetParam() == Tier::kDisk) Open();  // memory is empty then
  }
  void Open() {
    client_.reset();
    store_.reset();
    store_ = *Store::Create(options_);
    client_ = std::make_unique<LocalClient>(store_.get());
  }

  Seen Ask(const std::shared_ptr<Chain>& chain) {
    const StoreStats before = store_->Stats();
    Answer<MatchedBlocks> matched;
    client_->Match(*chain, Soon(), matched.callback());
    auto result = std::make_shared<GetResult>(kPayloadBytes);
    const auto call = client_->Get(chain, 0, kLength, Soon(), result);
    EXPECT_TRUE(result->Wait().ok()) << result->status;
    const StoreStats after = store_->Stats();
    return {.num_matched = matched.Wait()->num_blocks,
            .num_in_memory = matched.Wait()->num_in_memory,
            .num_got = result->payloads.size(),
            .num_memory_hits = after.num_memory_hits - before.num_memory_hits,
            .num_disk_hits = after.num_disk_hits - before.num_disk_hits,
            .num_misses = after.num_misses - before.num_misses,
            .num_read_bytes = after.memory_read_bytes + after.disk_read_bytes -
                              before.memory_read_bytes -
                              before.disk_read_bytes};
  }
  // The same after others stored these.
  Seen AskAfter(const std::vector<std::shared_ptr<Chain>>& chains,
                const std::shared_ptr<Chain>& chain) {
    Fill(chains);
    return Ask(chain);
  }

  StoreOptions options_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<LocalClient> client_;
};

TEST_P(TenancyTest, TheSameSaltHitsAndAnotherMisses) {
  const auto mine = ChainOfPrompt("alice", 1000, 0);
  const Seen own = AskAfter({mine}, mine);
  EXPECT_EQ(own.num_got, kLength);
  EXPECT_EQ(own.num_matched, kLength);
  EXPECT_EQ(own.num_in_memory, GetParam() == Tier::kMemory ? kLength : 0);
  EXPECT_EQ(own.num_misses, 0);
  const Seen other = AskAfter({mine}, ChainOfPrompt("bob", 1000, 0));
  EXPECT_EQ(other.num_matched, 0);
  EXPECT_EQ(other.num_got, 0);
  EXPECT_EQ(other.num_memory_hits + other.num_disk_hits, 0);
  EXPECT_EQ(other.num_read_bytes, 0);
}

TEST_P(TenancyTest, AnotherSaltHitsThePublicBlocksAlone) {
  const auto mine = ChainOfPrompt("alice", 1000, kNumPublic);
  EXPECT_EQ(AskAfter({mine}, mine).num_got, kLength);
  const Seen other = AskAfter({mine}, ChainOfPrompt("bob", 1000, kNumPublic));
  EXPECT_EQ(other.num_matched, kNumPublic);
  EXPECT_EQ(other.num_got, kNumPublic);
  EXPECT_EQ(other.num_memory_hits + other.num_disk_hits, kNumPublic);
}

// Paired: nothing differs but what the victim's prompt was.
TEST_P(TenancyTest, AnotherSaltSeesTheSameWhateverAVictimStored) {
  for (const int num_public : {0, kNumPublic}) {
    const auto probe = ChainOfPrompt("attacker", 1000, num_public);
    const Seen guessed =
        AskAfter({ChainOfPrompt("victim", 1000, num_public)}, probe);
    const Seen wrong =
        AskAfter({ChainOfPrompt("victim", 2000, num_public)}, probe);
    EXPECT_EQ(guessed, wrong) << num_public;
    const Seen own = AskAfter({probe}, probe);
    EXPECT_NE(guessed, own) << "the probe sees nothing at all";
  }
}

TEST_P(TenancyTest, SaltsBehindOnePublicPrefixLiveSideBySide) {
  const auto alice = ChainOfPrompt("alice", 1000, kNumPublic);
  const auto bob = ChainOfPrompt("bob", 1000, kNumPublic);
  const auto none = ChainOfPrompt("", 1000, kNumPublic);
  Fill({alice, bob, none});
  const StoreStats stats = store_->Stats();
  const int64_t num_blocks =
      GetParam() == Tier::kMemory ? stats.memory_blocks : stats.disk_blocks;
  EXPECT_EQ(num_blocks, kNumPublic + 3 * (kLength - kNumPublic));
  for (const auto& chain : {alice, bob, none}) {
    EXPECT_EQ(Ask(chain).num_got, kLength);
  }
}

INSTANTIATE_TEST_SUITE_P(Tiers, TenancyTest,
                         testing::Values(Tier::kMemory, Tier::kDisk),
                         [](const auto& info) {
                           return info.param == Tier::kMemory ? "Memory"
                                                              : "Disk";
                         });

}  // namespace
}  // namespace tessera::prefix_cache
