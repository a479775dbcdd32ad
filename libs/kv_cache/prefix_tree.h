// PrefixTree: which blocks hold the keys and values of which tokens.
//
// A node is a block below the block of the tokens before it, or below a root. A
// root is a salt's, or the public one; it stands at the top, or below a block.
//
//   "" ─┬─ [1 2 3 4] ─┬─ [5 6 7 8]        <- full, B = 4
//       │             └─ [5 6]            <- partial, always a leaf
//       └─ [9 9 9 9]
//   "tenant" ── [1 2 3 4]                 <- another salt shares nothing
//   public ── [7 7 7 7] ─┬─ [8 8 8 8]     <- any salt's
//                        └─ "tenant" ── [8 8 8 8]    <- that salt's again
//
// The tree does not ask who looks: whoever begins at the public root must be
// content that everybody may know of it.
//
// A node's name is its block's: a block is in at most one place. The tree holds
// one reference on each (BlockPool::RefCached), so that a block stays, and is
// read only, until it is evicted. What a partial node holds behind its tokens
// is undefined. No partial node's tokens begin a sibling's.
//
// Full blocks are found by a hash of parent and tokens, and both are compared:
// a collision is a miss, and the later of the two is not cached. The hash is
// not cryptographic, as nothing outside this process depends on it.
//
// Costs. A block to match, insert or touch: O(1), but O(log n) where the match
// ends or a node is new. Evicting: O(log n), and as much for each leaf passed
// over because a sequence holds it; such a leaf counts as used just now.
//
// Whoever owns a node's block owns those of its ancestors: take them as Find
// gives them, and Replace one's own by what Insert returns. So every block that
// nobody else owns (BlockPool::num_only_cached) can be evicted, leaf by leaf.
//
// One thread at a time, as its pool.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/kv_cache/block_pool.h"

namespace tessera::kv_cache {

// Of a node below `parent` (an opaque number). `key` is drawn by each tree, so
// that nobody can prepare collisions.
using PrefixHash = uint64_t (*)(uint64_t key, int64_t parent,
                                absl::Span<const int32_t> tokens);
uint64_t HashPrefix(uint64_t key, int64_t parent,
                    absl::Span<const int32_t> tokens);

class PrefixTree {
 public:
  // A place in the tree: directly below a block that is in it; or, without one,
  // directly below a root at the top, the salt's or, without a salt, the public
  // one; or, with both and `enters_salt`, below the salt's root there.
  struct Place {
    std::optional<absl::string_view> salt;
    std::optional<BlockId> below;
    bool enters_salt = false;
  };

  // The first `num_tokens` tokens of `block`, as far as they match.
  struct Tail {
    BlockId block = 0;
    int num_tokens = 0;  // [1, B)
  };

  struct Match {
    std::vector<BlockId> blocks;  // full ones, from the place on
    // The longest beginning that a block has of the tokens behind those.
    std::optional<Tail> tail;
  };

  // `pool` outlives the tree.
  explicit PrefixTree(BlockPool& pool, PrefixHash hash = &HashPrefix);
  ~PrefixTree();  // forgets everything, held by others or not
  PrefixTree(const PrefixTree&) = delete;
  PrefixTree& operator=(const PrefixTree&) = delete;

  // The longest match of `tokens`, which becomes the most recently used. Take
  // references on its blocks before anything is evicted.
  Match Find(const Place& place, absl::Span<const int32_t> tokens);

  // The node of `tokens` (1 to B) at `place`: the block given, or another that
  // was there before with the same tokens or, for a partial one, with more. It
  // becomes the most recently used. A partial sibling that it extends is
  // forgotten. None: it cannot be cached, its hash is another node's.
  // CHECK: `block` has an owner, and is nowhere else in the tree.
  std::optional<BlockId> Insert(const Place& place,
                                absl::Span<const int32_t> tokens,
                                BlockId block);

  // Of a node: the block is the most recently used.
  void Touch(BlockId block);

  // Forgets a leaf although others own it, so that its one other owner may
  // write to it. CHECK: a leaf of the tree.
  void Forget(BlockId leaf);

  // Forgets the least recently used leaf that nobody else owns: its block is
  // free. False: there is none.
  bool EvictOne();

  // Evicts all that nobody else owns.
  void Clear();

  int32_t num_nodes() const { return num_nodes_; }

 private:
  // A block's id, or num_blocks() + i for root i.
  using NodeId = int64_t;

  struct Node {
    NodeId parent = 0;
    int num_tokens = 0;  // 0: the block is not in the tree
    int num_children = 0;
    uint64_t hash = 0;       // of a full one
    uint64_t last_used = 0;  // of a leaf; see Remove for the others
  };

  struct RootName {
    std::optional<std::string> salt;  // none: the public one
    std::optional<BlockId> below;     // none: at the top

    friend bool operator==(const RootName&, const RootName&) = default;
    template <typename H>
    friend H AbslHashValue(H state, const RootName& name) {
      // Debian's Abseil hashes no std::optional.
      return H::combine(std::move(state), name.salt.has_value(),
                        name.salt.value_or(""), name.below.has_value(),
                        name.below.value_or(0));
    }
  };
  // While it has children it is one child of the block that it is below.
  struct Root {
    RootName name;
    int num_children = 0;
  };

  // A child's place among all children, by parent, then tokens. The first token
  // is here as well because it mostly decides.
  struct Child {
    NodeId parent;
    int32_t first_token;
    absl::Span<const int32_t> tokens;
    BlockId block;
  };
  struct ChildLess {
    bool operator()(const Child& a, const Child& b) const;
  };
  using Children = absl::btree_set<Child, ChildLess>;
  struct Leaf {
    uint64_t last_used;
    BlockId block;
    bool operator<(const Leaf& other) const {
      return last_used < other.last_used;  // never equal
    }
  };

  bool IsBlock(NodeId node) const { return node < pool_.num_blocks(); }
  Root& RootOf(NodeId node) { return roots_[node - pool_.num_blocks()]; }
  absl::Span<const int32_t> TokensOf(BlockId block) const;
  Child ChildOf(BlockId block) const;
  static RootName RootNameOf(const Place& place);
  std::optional<NodeId> FindPlace(const Place& place) const;
  NodeId MakePlace(const Place& place);
  void ForgetRootIfEmpty(NodeId node);
  std::optional<BlockId> FindFull(NodeId parent, uint64_t hash,
                                  absl::Span<const int32_t> tokens) const;
  std::optional<Tail> FindTail(NodeId parent,
                               absl::Span<const int32_t> tokens) const;
  std::optional<BlockId> FindExtension(NodeId parent,
                                       absl::Span<const int32_t> tokens) const;
  void ForgetBeginning(NodeId parent, absl::Span<const int32_t> tokens);
  void Add(NodeId parent, uint64_t hash, absl::Span<const int32_t> tokens,
           BlockId block);
  void Remove(BlockId leaf);
  void AddChild(NodeId parent);
  void RemoveChild(NodeId parent, uint64_t last_used);

  BlockPool& pool_;
  const int block_tokens_;
  const PrefixHash hash_;
  const uint64_t key_;

  std::vector<Node> nodes_;      // [num_blocks]
  std::vector<int32_t> tokens_;  // [num_blocks, B]
  std::vector<Root> roots_;
  std::vector<NodeId> free_roots_;
  absl::flat_hash_map<RootName, NodeId> root_of_name_;
  absl::flat_hash_map<uint64_t, BlockId> full_;  // by Node::hash
  Children children_;                            // every node
  absl::btree_set<Leaf> leaves_;
  uint64_t clock_ = 0;
  int32_t num_nodes_ = 0;
};

}  // namespace tessera::kv_cache
