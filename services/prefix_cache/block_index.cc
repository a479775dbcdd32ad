#include "services/prefix_cache/block_index.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"

namespace tessera::prefix_cache {

BlockIndex::BlockIndex(const TierLimits& memory, const TierLimits& disk)
    : memory_limits_(memory), disk_limits_(disk) {}

BlockIndex::~BlockIndex() = default;

BlockIndex::Node* BlockIndex::Find(const Hash& hash) const {
  const auto it = nodes_.find(hash);
  return it == nodes_.end() ? nullptr : it->second.get();
}

std::vector<BlockIndex::Node*> BlockIndex::Match(const Hash& root,
                                                 absl::Span<const Hash> chain) {
  std::vector<Node*> matched;
  const auto it = roots_.find(root);
  if (it == roots_.end()) return matched;
  ++clock_;
  const Node* parent = it->second.get();
  for (const Hash& hash : chain) {
    Node* node = Find(hash);
    if (node == nullptr || node->parent != parent) break;
    SetLastUsed(node, clock_);
    matched.push_back(node);
    parent = node;
  }
  return matched;
}

void BlockIndex::Touch(Node* node) { SetLastUsed(node, ++clock_); }

void BlockIndex::SetLastUsed(Node* node, uint64_t last_used) {
  ForgetLeaf(node);
  node->last_used = last_used;
  clock_ = std::max(clock_, last_used);
  Refresh(node);
}

BlockIndex::Node* BlockIndex::MakeRoot(const Hash& root) {
  std::unique_ptr<Node>& node = roots_[root];
  if (node == nullptr) {
    node = std::make_unique<Node>();
    node->id = next_id_++;
    node->hash = root;
    node->root = node.get();
  }
  return node.get();
}

BlockIndex::Node* BlockIndex::Add(const Hash& hash, const Hash& root,
                                  const Hash& parent, int64_t record_bytes) {
  Node* above = parent == root ? MakeRoot(root) : Find(parent);
  if (above == nullptr || above->root->hash != root) return nullptr;
  std::unique_ptr<Node>& owner = nodes_[hash];
  CHECK(owner == nullptr);
  owner = std::make_unique<Node>();
  Node* node = owner.get();
  node->id = next_id_++;
  node->hash = hash;
  node->parent = above;
  node->root = above->root;
  node->charge = record_bytes + kBlockOverheadBytes;
  node->last_used = ++clock_;
  node->next_sibling = above->first_child;
  if (above->first_child != nullptr) {
    above->first_child->previous_sibling = node;
  }
  above->first_child = node;
  Refresh(above);
  return node;
}

bool BlockIndex::MayLeaveMemory(const Node& node) const {
  return node.memory != nullptr && node.num_leases == 0 &&
         node.num_memory_children == 0 &&
         (node.on_disk || node.pending != nullptr ||
          node.first_child == nullptr);
}

bool BlockIndex::MayLeaveDisk(const Node& node) const {
  return node.on_disk && node.num_leases == 0 && node.num_disk_children == 0 &&
         (node.memory != nullptr || node.pending != nullptr ||
          node.first_child == nullptr);
}

// Puts the node among the leaves that it now belongs to.
void BlockIndex::Refresh(Node* node) {
  const Leaf leaf = {node->last_used, node->id, node};
  const auto update = [&](bool belongs, bool* is_in, Leaves* leaves) {
    if (belongs == *is_in) return;
    if (belongs) {
      leaves->insert(leaf);
    } else {
      leaves->erase(leaf);
    }
    *is_in = belongs;
  };
  update(MayLeaveMemory(*node), &node->is_memory_leaf, &memory_leaves_);
  update(MayLeaveDisk(*node), &node->is_disk_leaf, &disk_leaves_);
}

void BlockIndex::ForgetLeaf(Node* node) {
  const Leaf leaf = {node->last_used, node->id, node};
  if (node->is_memory_leaf) memory_leaves_.erase(leaf);
  if (node->is_disk_leaf) disk_leaves_.erase(leaf);
  node->is_memory_leaf = node->is_disk_leaf = false;
}

bool BlockIndex::PutInMemory(Node* node, RecordPtr record) {
  if (node->memory != nullptr) return true;
  // Neither the node nor what it hangs from makes room for it.
  Node* parent = node->parent;
  Lease(node);
  Lease(parent);
  bool fits = false;
  while (!(fits = Fits(memory_use_, memory_limits_, node->charge, 1))) {
    if (!EvictFromMemory()) break;
  }
  if (fits) {
    memory_use_.bytes += node->charge;
    ++memory_use_.num_blocks;
    node->memory = std::move(record);
    ++parent->num_memory_children;
  }
  --parent->num_leases;
  --node->num_leases;
  Refresh(node);
  Refresh(parent);
  return fits;
}

void BlockIndex::SetPending(Node* node, RecordPtr record) {
  node->pending = std::move(record);
  Refresh(node);
}

void BlockIndex::ClearPending(Node* node, std::vector<Hash>* deleted) {
  node->pending.reset();
  if (node->is_stored()) {
    Refresh(node);
  } else {
    Drop(node, deleted);
  }
}

void BlockIndex::LeaveMemory(Node* node) {
  node->memory.reset();
  memory_use_.bytes -= node->charge;
  --memory_use_.num_blocks;
  --node->parent->num_memory_children;
  InheritUse(*node, node->parent);
}

void BlockIndex::LeaveDisk(Node* node) {
  node->on_disk = false;
  disk_use_.bytes -= node->charge;
  --disk_use_.num_blocks;
  --node->parent->num_disk_children;
  InheritUse(*node, node->parent);
}

// A block was used when one below it was.
void BlockIndex::InheritUse(const Node& from, Node* to) {
  if (to->last_used < from.last_used) SetLastUsed(to, from.last_used);
}

bool BlockIndex::EvictFromMemory() {
  if (memory_leaves_.empty()) return false;
  Node* node = memory_leaves_.begin()->node;
  Node* parent = node->parent;
  LeaveMemory(node);
  ++num_memory_evictions_;
  Refresh(node);
  Refresh(parent);
  RemoveIfNowhere(node);
  return true;
}

bool BlockIndex::EvictFromDisk(std::vector<Hash>* deleted) {
  if (disk_leaves_.empty()) return false;
  Node* node = disk_leaves_.begin()->node;
  Node* parent = node->parent;
  deleted->push_back(node->hash);
  LeaveDisk(node);
  ++num_disk_evictions_;
  Refresh(node);
  Refresh(parent);
  RemoveIfNowhere(node);
  return true;
}

bool BlockIndex::MakeRoomOnDisk(int64_t bytes, int64_t num_blocks,
                                std::vector<Hash>* deleted) {
  while (!Fits(disk_use_, disk_limits_, bytes, num_blocks)) {
    if (!EvictFromDisk(deleted)) return false;
  }
  return true;
}

void BlockIndex::ShrinkDisk(int64_t bytes, std::vector<Hash>* deleted) {
  while (disk_use_.bytes > bytes && EvictFromDisk(deleted)) {
  }
}

void BlockIndex::SetOnDisk(Node* node) {
  if (node->on_disk) return;
  CHECK(Fits(disk_use_, disk_limits_, node->charge, 1));
  node->on_disk = true;
  disk_use_.bytes += node->charge;
  ++disk_use_.num_blocks;
  ++node->parent->num_disk_children;
  Refresh(node);
  Refresh(node->parent);
}

void BlockIndex::RemoveIfNowhere(Node* node) {
  if (node->is_stored()) return;
  CHECK(node->first_child == nullptr);
  Unlink(node);
}

// The end of a node without children.
void BlockIndex::Unlink(Node* node) {
  Node* parent = node->parent;
  ForgetLeaf(node);
  if (node->previous_sibling != nullptr) {
    node->previous_sibling->next_sibling = node->next_sibling;
  } else {
    parent->first_child = node->next_sibling;
  }
  if (node->next_sibling != nullptr) {
    node->next_sibling->previous_sibling = node->previous_sibling;
  }
  InheritUse(*node, parent);
  nodes_.erase(Hash(node->hash));
  if (parent->parent != nullptr) {
    Refresh(parent);
  } else if (parent->first_child == nullptr) {
    roots_.erase(Hash(parent->hash));
  }
}

int64_t BlockIndex::Drop(Node* node, std::vector<Hash>* deleted) {
  int64_t num_dropped = 0;
  // Without recursion, as a chain may be long: always the deepest first child.
  for (Node* at = node;;) {
    while (at->first_child != nullptr) at = at->first_child;
    Node* parent = at->parent;
    if (at->memory != nullptr) LeaveMemory(at);
    if (at->on_disk) {
      deleted->push_back(at->hash);
      LeaveDisk(at);
    }
    Unlink(at);
    ++num_dropped;
    if (at == node) return num_dropped;
    at = parent;
  }
}

int64_t BlockIndex::DropRoot(const Hash& root, std::vector<Hash>* deleted) {
  int64_t num_dropped = 0;
  for (auto it = roots_.find(root); it != roots_.end();
       it = roots_.find(root)) {
    num_dropped += Drop(it->second->first_child, deleted);
  }
  return num_dropped;
}

int64_t BlockIndex::DropAll(std::vector<Hash>* deleted) {
  int64_t num_dropped = 0;
  while (!roots_.empty()) {
    const Hash root = roots_.begin()->first;
    num_dropped += DropRoot(root, deleted);
  }
  return num_dropped;
}

void BlockIndex::Lease(Node* node) {
  ++node->num_leases;
  Refresh(node);
}

void BlockIndex::Release(const Hash& hash, uint64_t id) {
  Node* node = Find(hash);
  if (node == nullptr) {
    const auto it = roots_.find(hash);
    if (it != roots_.end()) node = it->second.get();
  }
  if (node == nullptr || node->id != id) return;
  CHECK(node->num_leases > 0);
  --node->num_leases;
  Refresh(node);
}

}  // namespace tessera::prefix_cache
