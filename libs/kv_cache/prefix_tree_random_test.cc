// Random operations on the tree beside a list of everything that it should
// hold, over few tokens so that prefixes meet often, once with a hash that
// collides all the time.
#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/kv_cache/prefix_tree.h"

namespace tessera::kv_cache {
namespace {

constexpr int kBlockTokens = 3;
constexpr int kNumBlocks = 24;
constexpr KvGeometry kGeometry = {
    .block_tokens = kBlockTokens, .num_layers = 1, .layer_bytes = 64};
using Tokens = std::vector<int32_t>;

uint64_t CollidingHash(uint64_t, int64_t, absl::Span<const int32_t> tokens) {
  uint64_t sum = 0;
  for (const int32_t token : tokens) sum += token;
  return sum;
}

Tokens Prefix(const Tokens& tokens, size_t length) {
  return {tokens.begin(), tokens.begin() + std::min(tokens.size(), length)};
}

int CommonLength(const Tokens& a, const Tokens& b) {
  return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
         a.begin();
}

// Whole blocks that begin like this are public.
const Tokens kPublic = {0, 1, 1, 1, 0, 1, 0, 0, 1};

size_t NumPublic(const Tokens& tokens) {
  return CommonLength(tokens, kPublic) / kBlockTokens * kBlockTokens;
}

// The root that a node is below: the public one, or a salt's that begins behind
// so many public tokens.
struct Owner {
  std::optional<std::string> salt;
  size_t begin = 0;
  bool operator==(const Owner&) const = default;
};

// A node, by everything from its root on.
struct Entry {
  Owner owner;
  Tokens path;
  BlockId block;
  int64_t last_used;

  size_t parent_length() const {
    return (path.size() - 1) / kBlockTokens * kBlockTokens;
  }
  bool is_full() const { return path.size() % kBlockTokens == 0; }
  Tokens own() const { return {path.begin() + parent_length(), path.end()}; }
  // A child of that path, below that root.
  bool IsBelow(const Owner& its_owner, const Tokens& parent) const {
    return owner == its_owner && parent_length() == parent.size() &&
           CommonLength(path, parent) == parent.size();
  }
  bool IsAncestorOf(const Entry& other) const {
    return is_full() && path.size() < other.path.size() &&
           CommonLength(path, other.path) == path.size() &&
           (owner == other.owner ||
            (!owner.salt.has_value() && path.size() <= other.owner.begin));
  }
};

// Owns blocks, as a sequence does.
struct Holder {
  std::string salt;
  Tokens tokens;
  std::vector<BlockId> blocks = {};

  // Of the block at `index`.
  Owner OwnerOf(size_t index) const {
    const size_t num_public = NumPublic(tokens);
    if (index * kBlockTokens < num_public) return {};
    return {salt, num_public};
  }
  PrefixTree::Place PlaceOf(size_t index, std::optional<BlockId> below) const {
    const Owner owner = OwnerOf(index);
    if (!owner.salt.has_value()) return {.below = below};
    return {.salt = salt,
            .below = below,
            .enters_salt = index * kBlockTokens == owner.begin};
  }
};

class RandomTest : public testing::TestWithParam<PrefixHash> {
 protected:
  std::string RandomSalt() { return random_() % 3 == 0 ? "salt" : ""; }
  Tokens RandomTokens() {
    Tokens tokens(1 + random_() % (5 * kBlockTokens));
    for (int32_t& token : tokens) token = random_() % 2;
    if (random_() % 2 == 0) {
      const size_t num_public = random_() % (kPublic.size() + 1);
      std::copy_n(kPublic.begin(), std::min(num_public, tokens.size()),
                  tokens.begin());
    }
    return tokens;
  }

  Entry* FindEntry(const Owner& owner, const Tokens& path) {
    for (Entry& entry : entries_) {
      if (entry.owner == owner && entry.path == path) return &entry;
    }
    return nullptr;
  }

  bool IsLeaf(const Entry& entry) {
    return std::none_of(
        entries_.begin(), entries_.end(),
        [&](const Entry& other) { return entry.IsAncestorOf(other); });
  }

  void Touch(const Entry& used) {
    ++now_;
    for (Entry& entry : entries_) {
      if (&entry == &used || entry.IsAncestorOf(used)) entry.last_used = now_;
    }
  }

  // Checks a match of what is below the holder's block before `index` (none
  // before the first) against the list, and returns it. `tokens`: from the
  // first one on, as far as is asked for.
  PrefixTree::Match FindFrom(const Holder& holder, size_t index,
                             std::optional<BlockId> before,
                             const Tokens& tokens) {
    const Owner owner = holder.OwnerOf(index);
    Tokens path = Prefix(tokens, index * kBlockTokens);
    const PrefixTree::Match match =
        tree_->Find(holder.PlaceOf(index, before),
                    absl::MakeConstSpan(tokens).subspan(path.size()));
    std::vector<BlockId> blocks;
    const Entry* used = nullptr;
    while (Entry* entry = FindEntry(owner, Prefix(tokens, path.size() + 3))) {
      if (!entry->is_full() || entry->path.size() == path.size()) break;
      blocks.push_back(entry->block);
      path = entry->path;
      used = entry;
    }
    EXPECT_EQ(match.blocks, blocks);
    const Tokens rest = {
        tokens.begin() + path.size(),
        tokens.begin() + std::min(tokens.size(), path.size() + 2)};
    int longest = 0;
    for (const Entry& entry : entries_) {
      if (!entry.IsBelow(owner, path)) continue;
      const int length = CommonLength(entry.own(), rest);
      longest = std::max(longest, length);
      if (match.tail.has_value() && entry.block == match.tail->block) {
        EXPECT_EQ(match.tail->num_tokens, length);
        used = &entry;
      }
    }
    EXPECT_EQ(match.tail.has_value() ? match.tail->num_tokens : 0, longest);
    if (used != nullptr) Touch(*used);
    return match;
  }

  // The holder's path, from the public root into its salt's.
  std::vector<BlockId> Find(const Holder& holder) {
    const size_t num_public = NumPublic(holder.tokens);
    std::vector<BlockId> blocks;
    if (num_public > 0) {
      blocks =
          FindFrom(holder, 0, {}, Prefix(holder.tokens, num_public)).blocks;
      if (blocks.size() * kBlockTokens < num_public) return blocks;
    }
    std::optional<BlockId> before;
    if (!blocks.empty()) before = blocks.back();
    const auto own =
        FindFrom(holder, blocks.size(), before, holder.tokens).blocks;
    blocks.insert(blocks.end(), own.begin(), own.end());
    return blocks;
  }

  // The block that the list says Insert returns, after inserting there too.
  std::optional<BlockId> InsertEntry(const Owner& owner, const Tokens& path,
                                     BlockId block) {
    const Entry entry = {owner, path, block, 0};
    const Tokens parent = Prefix(path, entry.parent_length());
    const Entry* same = nullptr;
    for (const Entry& other : entries_) {
      if (!other.IsBelow(owner, parent)) continue;
      if (CommonLength(other.path, path) == path.size()) same = &other;
    }
    if (same != nullptr) {
      // Several may extend a partial one.
      if (entry.is_full()) Touch(*same);
      return same->block;
    }
    for (const Entry& other : entries_) {
      if (GetParam() == &CollidingHash && entry.is_full() && other.is_full() &&
          CollidingHash(0, 0, other.own()) ==
              CollidingHash(0, 0, entry.own())) {
        return std::nullopt;
      }
    }
    std::erase_if(entries_, [&](const Entry& other) {
      return other.IsBelow(owner, parent) && !other.is_full() &&
             CommonLength(other.path, path) == other.path.size();
    });
    entries_.push_back(entry);
    Touch(entries_.back());
    return block;
  }

  void Insert(Holder& holder, size_t index) {
    const size_t end = std::min(holder.tokens.size(), (index + 1) * 3);
    const Tokens path = Prefix(holder.tokens, end);
    const Tokens own = {path.begin() + index * 3, path.end()};
    std::optional<BlockId> before;
    if (index > 0) before = holder.blocks[index - 1];
    const BlockId block = holder.blocks[index];
    const std::optional<BlockId> got =
        tree_->Insert(holder.PlaceOf(index, before), own, block);
    const std::optional<BlockId> want =
        InsertEntry(holder.OwnerOf(index), path, block);
    ASSERT_EQ(got.has_value(), want.has_value());
    if (!got.has_value()) return;
    if (own.size() < 3) {
      for (const Entry& entry : entries_) {
        if (entry.block == *got && *got != block) {
          Touch(entry);
          break;
        }
      }
      return;
    }
    ASSERT_EQ(*got, *want);
    if (*got != block) {
      pool_->Ref(*got);
      pool_->Unref(block);
      holder.blocks[index] = *got;
    }
  }

  // The tree has the holder's own path up to there.
  bool IsCached(const Holder& holder, size_t num_blocks) {
    if (num_blocks == 0) return true;
    const Entry* entry = FindEntry(holder.OwnerOf(num_blocks - 1),
                                   Prefix(holder.tokens, num_blocks * 3));
    return entry != nullptr && entry->block == holder.blocks[num_blocks - 1];
  }

  void AddHolder() {
    Holder& holder =
        holders_.emplace_back(Holder{RandomSalt(), RandomTokens()});
    holder.blocks = Find(holder);
    for (const BlockId block : holder.blocks) pool_->Ref(block);
    for (size_t i = holder.blocks.size(); i * 3 < holder.tokens.size(); ++i) {
      if (pool_->num_free() == 0) Evict();
      const absl::StatusOr<BlockId> block = pool_->Allocate();
      if (!block.ok()) break;
      holder.blocks.push_back(*block);
      if ((i + 1) * 3 > holder.tokens.size() || !IsCached(holder, i)) continue;
      ASSERT_NO_FATAL_FAILURE(Insert(holder, i));
    }
  }

  void RemoveHolder() {
    std::swap(holders_[random_() % holders_.size()], holders_.back());
    Holder& holder = holders_.back();
    const size_t num_full = holder.tokens.size() / 3;
    if (holder.blocks.size() > num_full && IsCached(holder, num_full)) {
      ASSERT_NO_FATAL_FAILURE(Insert(holder, num_full));
    }
    for (const BlockId block : holder.blocks) pool_->Unref(block);
    holders_.pop_back();
  }

  // The least recently used leaf that nobody holds; those held count as used.
  void EvictEntry() {
    std::vector<const Entry*> leaves;
    for (const Entry& entry : entries_) {
      if (IsLeaf(entry)) leaves.push_back(&entry);
    }
    std::sort(leaves.begin(), leaves.end(), [](const auto* a, const auto* b) {
      return a->last_used < b->last_used;
    });
    for (const Entry* leaf : leaves) {
      if (!IsHeld(leaf->block)) {
        entries_.erase(entries_.begin() + (leaf - entries_.data()));
        return;
      }
      Touch(*leaf);
    }
    FAIL() << "the list has no leaf to evict";
  }

  void Evict() {
    const bool any = NumOnlyCached() > 0;
    ASSERT_EQ(tree_->EvictOne(), any);
    if (any) EvictEntry();
  }

  void Clear() {
    tree_->Clear();
    while (NumOnlyCached() > 0) ASSERT_NO_FATAL_FAILURE(EvictEntry());
  }

  int NumHolders(BlockId block) {
    int num = 0;
    for (const Holder& holder : holders_) {
      num += std::count(holder.blocks.begin(), holder.blocks.end(), block);
    }
    return num;
  }
  bool IsHeld(BlockId block) { return NumHolders(block) > 0; }
  int NumOnlyCached() {
    return std::count_if(entries_.begin(), entries_.end(),
                         [&](const Entry& e) { return !IsHeld(e.block); });
  }

  void ForgetLeaf() {
    const size_t index = random_() % entries_.size();
    const Entry entry = entries_[index];
    if (entry.is_full()) return;
    tree_->Forget(entry.block);
    entries_.erase(entries_.begin() + index);
  }

  void CheckInvariants() {
    ASSERT_EQ(tree_->num_nodes(), entries_.size());
    std::vector<int> num_owners(kNumBlocks);
    for (BlockId id = 0; id < kNumBlocks; ++id) num_owners[id] = NumHolders(id);
    for (const Entry& entry : entries_) ++num_owners[entry.block];
    for (BlockId id = 0; id < kNumBlocks; ++id) {
      ASSERT_EQ(pool_->num_owners(id), num_owners[id]) << "block " << id;
    }
    ASSERT_EQ(pool_->num_only_cached(), NumOnlyCached());
  }

  void Step() {
    const int operation = random_() % 16;
    if (operation < 5 && holders_.size() < 4) {
      AddHolder();
    } else if (operation < 9 && !holders_.empty()) {
      RemoveHolder();
    } else if (operation < 13) {
      Find({RandomSalt(), RandomTokens()});
    } else if (operation < 15) {
      Evict();
    } else if (random_() % 4 == 0 && !entries_.empty()) {
      ForgetLeaf();
    } else if (random_() % 16 == 0) {
      Clear();
    }
  }

  std::mt19937_64 random_;
  std::unique_ptr<BlockPool> pool_ = *BlockPool::Create(kGeometry, kNumBlocks);
  std::unique_ptr<PrefixTree> tree_ =
      std::make_unique<PrefixTree>(*pool_, GetParam());
  std::vector<Entry> entries_;
  std::vector<Holder> holders_;
  int64_t now_ = 0;
};

TEST_P(RandomTest, AgreesWithAList) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  random_.seed(seed);
  for (int step = 0; step < 20000; ++step) {
    Step();
    ASSERT_NO_FATAL_FAILURE(CheckInvariants()) << "step " << step;
    ASSERT_FALSE(HasFailure()) << "step " << step;
  }
  while (!holders_.empty()) RemoveHolder();
  tree_->Clear();
  EXPECT_EQ(pool_->num_free(), kNumBlocks);
}

INSTANTIATE_TEST_SUITE_P(Hashes, RandomTest,
                         testing::Values(&HashPrefix, &CollidingHash),
                         [](const auto& info) {
                           return info.param == &HashPrefix ? "Good"
                                                            : "Colliding";
                         });

}  // namespace
}  // namespace tessera::kv_cache
