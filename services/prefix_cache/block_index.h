// BlockIndex: which blocks are stored, in which tier, and which one goes next.
//
//   root ─┬─ a ─┬─ b      memory  {a, b, d}     a block is in the index as long
//         │     └─ c      disk    {a, c}        as it is in memory, on its way
//         └─ d            pending {d}           to disk, or on disk
//
// Each tier is bounded in bytes and in blocks, exactly, and lets go of its
// least recently used leaf: a block without children in that tier, nor anywhere
// if it would be nowhere itself. So every block's ancestors are stored as long
// as it is. A leased block stays in its tiers. What it has of disk is the book
// alone: whoever calls writes and deletes.
//
// Nodes are named by pointers that stay valid until the node is gone; a call
// that may remove others says so. No threads: the store's mutex guards it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "services/prefix_cache/record.h"

namespace tessera::prefix_cache {

using RecordPtr = std::shared_ptr<const Record>;

// Bytes that a block is charged for beyond its record.
inline constexpr int64_t kBlockOverheadBytes = 512;

struct TierLimits {
  int64_t bytes = 0;
  int64_t num_blocks = 0;
};

class BlockIndex {
 public:
  // One block, or a root. Read it freely; only the index changes it.
  struct Node {
    uint64_t id = 0;  // never again another node's
    Hash hash = {};
    Node* parent = nullptr;  // null: a root
    const Node* root = nullptr;
    int64_t charge = 0;  // bytes, in each tier
    RecordPtr memory;    // null: not in memory
    RecordPtr pending;   // null: not waiting to be written
    bool on_disk = false;
    uint64_t last_used = 0;
    int num_leases = 0;

    bool is_stored() const { return memory || pending || on_disk; }

   private:
    friend class BlockIndex;
    int num_memory_children = 0;
    int num_disk_children = 0;
    Node* first_child = nullptr;
    Node* next_sibling = nullptr;
    Node* previous_sibling = nullptr;
    bool is_memory_leaf = false;  // in memory_leaves_
    bool is_disk_leaf = false;    // in disk_leaves_
  };

  BlockIndex(const TierLimits& memory, const TierLimits& disk);
  ~BlockIndex();
  BlockIndex(const BlockIndex&) = delete;
  BlockIndex& operator=(const BlockIndex&) = delete;

  // Null: not there.
  Node* Find(const Hash& hash) const;

  // The nodes of the longest beginning of `chain` below `root` that is stored;
  // they become the most recently used.
  std::vector<Node*> Match(const Hash& root, absl::Span<const Hash> chain);
  void Touch(Node* node);

  // A new node, stored nowhere yet: put it somewhere or Drop it. Null: its
  // parent is neither `root` nor stored below it. CHECK: the hash is new.
  Node* Add(const Hash& hash, const Hash& root, const Hash& parent,
            int64_t record_bytes);

  // Makes room and puts the node in memory; others may be gone afterwards, but
  // neither it nor what is leased. False: there is no room to be made.
  bool PutInMemory(Node* node, RecordPtr record);
  // `record` waits to be written. At most the last one's.
  void SetPending(Node* node, RecordPtr record);
  // It waits no longer; a node that is nowhere now is gone, with all below it,
  // and what of those was on disk is appended to `deleted`.
  void ClearPending(Node* node, std::vector<Hash>* deleted);

  // Lets go of least recently used leaves until `bytes` and `num_blocks` more
  // fit on disk; appends what is to be deleted there. False: it cannot be.
  bool MakeRoomOnDisk(int64_t bytes, int64_t num_blocks,
                      std::vector<Hash>* deleted);
  // The same until at most `bytes` are in use.
  void ShrinkDisk(int64_t bytes, std::vector<Hash>* deleted);
  // It has been written, into room made before. CHECK: that there is.
  void SetOnDisk(Node* node);

  // Removes the node and all below it, leased or not; appends what is to be
  // deleted on disk. Returns how many blocks it were.
  int64_t Drop(Node* node, std::vector<Hash>* deleted);
  // The same of all below a root.
  int64_t DropRoot(const Hash& root, std::vector<Hash>* deleted);
  int64_t DropAll(std::vector<Hash>* deleted);

  void Lease(Node* node);
  // Of the node that was leased; it may be gone since.
  void Release(const Hash& hash, uint64_t id);

  // The use of blocks loaded from disk, older than any from now on.
  void SetLastUsed(Node* node, uint64_t last_used);
  uint64_t clock() const { return clock_; }

  int64_t memory_bytes() const { return memory_use_.bytes; }
  int64_t disk_bytes() const { return disk_use_.bytes; }
  int64_t num_in_memory() const { return memory_use_.num_blocks; }
  int64_t num_on_disk() const { return disk_use_.num_blocks; }
  int64_t num_blocks() const { return nodes_.size(); }
  int64_t num_roots() const { return roots_.size(); }
  // Leaves that made room for others, since the start.
  int64_t num_memory_evictions() const { return num_memory_evictions_; }
  int64_t num_disk_evictions() const { return num_disk_evictions_; }

 private:
  struct Leaf {
    uint64_t last_used;
    uint64_t id;
    Node* node;
    bool operator<(const Leaf& other) const {
      return last_used != other.last_used ? last_used < other.last_used
                                          : id < other.id;
    }
  };
  using Leaves = absl::btree_set<Leaf>;
  using Nodes = absl::flat_hash_map<Hash, std::unique_ptr<Node>>;

  static bool Fits(const TierLimits& use, const TierLimits& limits,
                   int64_t bytes, int64_t num_blocks) {
    return use.bytes + bytes <= limits.bytes &&
           use.num_blocks + num_blocks <= limits.num_blocks;
  }
  Node* MakeRoot(const Hash& root);
  bool MayLeaveMemory(const Node& node) const;
  bool MayLeaveDisk(const Node& node) const;
  void Refresh(Node* node);
  void ForgetLeaf(Node* node);
  void LeaveMemory(Node* node);
  void LeaveDisk(Node* node);
  void InheritUse(const Node& from, Node* to);
  bool EvictFromMemory();
  bool EvictFromDisk(std::vector<Hash>* deleted);
  void RemoveIfNowhere(Node* node);
  void Unlink(Node* node);

  const TierLimits memory_limits_;
  const TierLimits disk_limits_;
  TierLimits memory_use_;
  TierLimits disk_use_;
  Nodes nodes_;
  Nodes roots_;
  Leaves memory_leaves_;
  Leaves disk_leaves_;
  uint64_t clock_ = 0;
  uint64_t next_id_ = 1;
  int64_t num_memory_evictions_ = 0;
  int64_t num_disk_evictions_ = 0;
};

}  // namespace tessera::prefix_cache
