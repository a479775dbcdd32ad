// Random operations on the index beside a list of everything that it should
// hold: few hashes, so that blocks meet, go and come back.
#include <algorithm>
#include <optional>
#include <random>

#include "gtest/gtest.h"
#include "services/prefix_cache/block_index.h"

namespace tessera::prefix_cache {
namespace {

constexpr int kNumRoots = 2;
constexpr int kNumHashes = 24;
constexpr TierLimits kMemory = {.bytes = 6000, .num_blocks = 7};
constexpr TierLimits kDisk = {.bytes = 9000, .num_blocks = 10};

Hash HashOf(int value) {
  Hash hash = {};
  hash[0] = value;
  return hash;
}

struct Entry {
  Hash hash, root, parent;
  int64_t charge = 0;
  bool memory = false, pending = false, disk = false;
  uint64_t last_used = 0;
  int num_leases = 0;

  bool is_stored() const { return memory || pending || disk; }
};

class RandomTest : public testing::Test {
 protected:
  Entry* Find(const Hash& hash) {
    for (Entry& entry : entries_) {
      if (entry.hash == hash) return &entry;
    }
    return nullptr;
  }
  template <typename Is>
  bool HasChild(const Entry& entry, Is is) {
    return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& e) {
      return e.parent == entry.hash && is(e);
    });
  }
  bool MayLeave(const Entry& entry, bool Entry::*tier) {
    const bool elsewhere =
        entry.pending || (tier == &Entry::memory ? entry.disk : entry.memory);
    return entry.*tier && entry.num_leases == 0 &&
           !HasChild(entry, [&](const Entry& e) { return e.*tier; }) &&
           (elsewhere || !HasChild(entry, [](const Entry&) { return true; }));
  }
  int64_t Bytes(bool Entry::*tier) {
    int64_t bytes = 0;
    for (const Entry& entry : entries_) bytes += entry.*tier * entry.charge;
    return bytes;
  }
  int64_t Count(bool Entry::*tier) {
    return std::count_if(entries_.begin(), entries_.end(),
                         [&](const Entry& e) { return e.*tier; });
  }

  void Inherit(const Entry& from) {
    if (Entry* parent = Find(from.parent)) {
      parent->last_used = std::max(parent->last_used, from.last_used);
    }
  }
  void Remove(const Hash& hash) {
    while (true) {
      const auto child =
          std::find_if(entries_.begin(), entries_.end(),
                       [&](const Entry& e) { return e.parent == hash; });
      if (child == entries_.end()) break;
      Remove(child->hash);
    }
    Inherit(*Find(hash));
    std::erase_if(entries_, [&](const Entry& e) { return e.hash == hash; });
  }

  // Makes room as the index should. False: it cannot be made.
  bool MakeRoom(bool Entry::*tier, const TierLimits& limits, int64_t charge) {
    while (Bytes(tier) + charge > limits.bytes ||
           Count(tier) + 1 > limits.num_blocks) {
      Entry* oldest = nullptr;
      for (Entry& entry : entries_) {
        if (MayLeave(entry, tier) &&
            (oldest == nullptr || entry.last_used < oldest->last_used)) {
          oldest = &entry;
        }
      }
      if (oldest == nullptr) return false;
      oldest->*tier = false;
      Inherit(*oldest);
      if (!oldest->is_stored()) Remove(oldest->hash);
    }
    return true;
  }

  void Put() {
    const Hash hash = HashOf(1 + random_() % kNumHashes);
    const Hash root = HashOf(100 + random_() % kNumRoots);
    const Hash parent =
        random_() % 4 == 0 ? root : HashOf(1 + random_() % kNumHashes);
    if (Find(hash) != nullptr) return;
    const RecordPtr record = Record::Make(
        hash, root, parent, {}, std::vector<uint8_t>(random_() % 1000));
    BlockIndex::Node* node =
        index_.Add(hash, root, parent, record->bytes().size());
    const Entry* above = Find(parent);
    const bool may =
        parent == root || (above != nullptr && above->root == root);
    ASSERT_EQ(node != nullptr, may);
    if (!may) return;
    const int64_t charge = record->bytes().size() + kBlockOverheadBytes;
    entries_.push_back({hash, root, parent, charge});
    Find(hash)->last_used = node->last_used;
    PutInMemory(node, record);
    if (random_() % 3 != 0) {
      index_.SetPending(node, record);
      Find(hash)->pending = true;
      queue_.push_back(hash);
    } else if (!node->is_stored()) {
      std::vector<Hash> deleted;
      index_.Drop(node, &deleted);
      Remove(hash);
    }
  }

  void PutInMemory(BlockIndex::Node* node, const RecordPtr& record) {
    const Hash hash = node->hash;
    if (Find(hash)->memory) return;
    Entry* parent = Find(Find(hash)->parent);
    const Hash parent_hash = Find(hash)->parent;
    ++Find(hash)->num_leases;
    if (parent != nullptr) ++parent->num_leases;
    const bool fits = MakeRoom(&Entry::memory, kMemory, Find(hash)->charge);
    --Find(hash)->num_leases;
    if (parent != nullptr) --Find(parent_hash)->num_leases;
    ASSERT_EQ(index_.PutInMemory(node, record), fits);
    Find(hash)->memory = fits;
  }

  void Promote() {
    Entry* entry = Any();
    if (entry == nullptr || !entry->disk) return;
    PutInMemory(index_.Find(entry->hash),
                Record::Make(entry->hash, entry->root, entry->parent, {}, {}));
  }

  // The oldest block that waits is written, if its parent is.
  void WriteOne() {
    if (queue_.empty()) return;
    const Hash hash = queue_.front();
    queue_.erase(queue_.begin());
    BlockIndex::Node* node = index_.Find(hash);
    Entry* entry = Find(hash);
    if (entry == nullptr || !entry->pending) return;
    Entry* parent = Find(entry->parent);
    std::vector<Hash> deleted;
    if (parent == nullptr || parent->disk) {
      if (parent != nullptr) {
        index_.Lease(node->parent);
        ++parent->num_leases;
      }
      const Hash parent_hash = entry->parent;
      const int64_t num_before = Count(&Entry::disk);
      const bool fits = MakeRoom(&Entry::disk, kDisk, entry->charge);
      ASSERT_EQ(index_.MakeRoomOnDisk(node->charge, 1, &deleted), fits);
      ASSERT_EQ(deleted.size(), num_before - Count(&Entry::disk));
      if (fits) {
        index_.SetOnDisk(node);
        Find(hash)->disk = true;
      }
      if (Entry* still = Find(parent_hash)) {
        index_.Release(parent_hash, node->parent->id);
        --still->num_leases;
      }
    }
    index_.ClearPending(node, &deleted);
    Find(hash)->pending = false;
    if (!Find(hash)->is_stored()) Remove(hash);
  }

  void Match() {
    const Hash root = HashOf(100 + random_() % kNumRoots);
    std::vector<Hash> chain;
    for (Entry* at = Any(); at != nullptr; at = Find(at->parent)) {
      chain.insert(chain.begin(), at->hash);
    }
    if (random_() % 3 == 0) chain.push_back(HashOf(1 + random_() % 24));
    size_t length = 0;
    Hash parent = root;
    std::vector<Hash> matched;
    while (length < chain.size()) {
      const Entry* entry = Find(chain[length]);
      if (entry == nullptr || entry->parent != parent || entry->root != root) {
        break;
      }
      parent = chain[length++];
    }
    const auto nodes = index_.Match(root, chain);
    ASSERT_EQ(nodes.size(), length);
    for (size_t i = 0; i < length; ++i) {
      ASSERT_EQ(nodes[i]->hash, chain[i]);
      Find(chain[i])->last_used = index_.clock();
    }
  }

  void LeaseOrRelease() {
    if (leases_.size() > 3 || (!leases_.empty() && random_() % 2 == 0)) {
      std::swap(leases_[random_() % leases_.size()], leases_.back());
      const auto [hash, id] = leases_.back();
      leases_.pop_back();
      BlockIndex::Node* node = index_.Find(hash);
      if (node != nullptr && node->id == id) --Find(hash)->num_leases;
      index_.Release(hash, id);
    } else if (Entry* entry = Any()) {
      BlockIndex::Node* node = index_.Find(entry->hash);
      index_.Lease(node);
      ++entry->num_leases;
      leases_.emplace_back(node->hash, node->id);
    }
  }

  void Drop() {
    std::vector<Hash> deleted;
    if (random_() % 4 == 0) {
      const Hash root = HashOf(100 + random_() % kNumRoots);
      index_.DropRoot(root, &deleted);
      std::erase_if(entries_, [&](const Entry& e) { return e.root == root; });
    } else if (Entry* entry = Any()) {
      index_.Drop(index_.Find(entry->hash), &deleted);
      Remove(entry->hash);
    }
  }

  Entry* Any() {
    return entries_.empty() ? nullptr : &entries_[random_() % entries_.size()];
  }

  void CheckState() {
    ASSERT_EQ(index_.num_blocks(), entries_.size());
    ASSERT_EQ(index_.memory_bytes(), Bytes(&Entry::memory));
    ASSERT_EQ(index_.disk_bytes(), Bytes(&Entry::disk));
    ASSERT_LE(index_.memory_bytes(), kMemory.bytes);
    ASSERT_LE(index_.disk_bytes(), kDisk.bytes);
    ASSERT_LE(index_.num_in_memory(), kMemory.num_blocks);
    ASSERT_LE(index_.num_on_disk(), kDisk.num_blocks);
    for (const Entry& entry : entries_) {
      const BlockIndex::Node* node = index_.Find(entry.hash);
      ASSERT_NE(node, nullptr);
      ASSERT_EQ(node->memory != nullptr, entry.memory);
      ASSERT_EQ(node->pending != nullptr, entry.pending);
      ASSERT_EQ(node->on_disk, entry.disk);
      ASSERT_EQ(node->num_leases, entry.num_leases);
      ASSERT_EQ(node->last_used, entry.last_used);
      ASSERT_TRUE(entry.is_stored());
      // Nobody outlives an ancestor.
      ASSERT_TRUE(entry.parent == entry.root || Find(entry.parent) != nullptr);
    }
  }

  void Step() {
    const int operation = random_() % 16;
    if (operation < 7) return Put();
    if (operation < 10) return WriteOne();
    if (operation < 12) return Match();
    if (operation < 14) return LeaseOrRelease();
    if (operation < 15) return Promote();
    if (random_() % 8 == 0) return Drop();
  }

  std::mt19937_64 random_;
  BlockIndex index_{kMemory, kDisk};
  std::vector<Entry> entries_;
  std::vector<Hash> queue_;
  std::vector<std::pair<Hash, uint64_t>> leases_;
};

TEST_F(RandomTest, AgreesWithAList) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  random_.seed(seed);
  for (int step = 0; step < 30000; ++step) {
    ASSERT_NO_FATAL_FAILURE(Step()) << "step " << step;
    ASSERT_NO_FATAL_FAILURE(CheckState()) << "step " << step;
  }
  EXPECT_GT(index_.num_memory_evictions(), 100);
  EXPECT_GT(index_.num_disk_evictions(), 100);
}

}  // namespace
}  // namespace tessera::prefix_cache
