#include "libs/kv_cache/prefix_tree.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <tuple>
#include <utility>

#include "absl/hash/hash.h"
#include "libs/base/check.h"

namespace tessera::kv_cache {
namespace {

uint64_t RandomKey() {
  std::random_device random;
  return (uint64_t{random()} << 32) | random();
}

int CommonLength(absl::Span<const int32_t> a, absl::Span<const int32_t> b) {
  const auto [end, _] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<int>(end - a.begin());
}

}  // namespace

uint64_t HashPrefix(uint64_t key, int64_t parent,
                    absl::Span<const int32_t> tokens) {
  return absl::HashOf(key, parent, tokens);
}

bool PrefixTree::ChildLess::operator()(const Child& a, const Child& b) const {
  const auto a_front = std::tie(a.parent, a.first_token);
  const auto b_front = std::tie(b.parent, b.first_token);
  if (a_front != b_front) return a_front < b_front;
  return a.tokens < b.tokens;
}

PrefixTree::PrefixTree(BlockPool& pool, PrefixHash hash)
    : pool_(pool),
      block_tokens_(pool.geometry().block_tokens),
      hash_(hash),
      key_(RandomKey()),
      nodes_(pool.num_blocks()),
      tokens_(static_cast<size_t>(pool.num_blocks()) * block_tokens_) {}

PrefixTree::~PrefixTree() {
  while (!leaves_.empty()) Remove(leaves_.begin()->block);
}

PrefixTree::Match PrefixTree::Find(const Place& place,
                                   absl::Span<const int32_t> tokens) {
  Match match;
  const std::optional<NodeId> found = FindPlace(place);
  if (!found.has_value()) return match;
  NodeId node = *found;
  while (tokens.size() >= block_tokens_) {
    const auto block_tokens = tokens.first(block_tokens_);
    const std::optional<BlockId> child =
        FindFull(node, hash_(key_, node, block_tokens), block_tokens);
    if (!child.has_value()) break;
    match.blocks.push_back(*child);
    node = *child;
    tokens.remove_prefix(block_tokens_);
  }
  match.tail = FindTail(node, tokens);
  if (match.tail.has_value()) node = match.tail->block;
  if (IsBlock(node)) Touch(node);
  return match;
}

std::optional<BlockId> PrefixTree::Insert(const Place& place,
                                          absl::Span<const int32_t> tokens,
                                          BlockId block) {
  CHECK(!tokens.empty() && tokens.size() <= block_tokens_) << tokens.size();
  const NodeId parent = MakePlace(place);
  const bool is_full = tokens.size() == block_tokens_;
  const uint64_t hash = is_full ? hash_(key_, parent, tokens) : 0;
  const std::optional<BlockId> before =
      is_full ? FindFull(parent, hash, tokens) : FindExtension(parent, tokens);
  if (before.has_value()) {
    Touch(*before);
    return before;
  }
  if (is_full && full_.contains(hash)) {
    ForgetRootIfEmpty(parent);
    return std::nullopt;
  }
  Add(parent, hash, tokens, block);
  return block;
}

void PrefixTree::Touch(BlockId block) {
  Node& node = nodes_[block];
  CHECK(node.num_tokens > 0) << "block " << block << " is not in the tree";
  const uint64_t now = ++clock_;
  // Of an inner node it counts when its last child goes.
  if (node.num_children == 0) {
    leaves_.erase({node.last_used, block});
    leaves_.insert({now, block});
  }
  node.last_used = now;
}

void PrefixTree::Forget(BlockId leaf) {
  CHECK(nodes_[leaf].num_tokens > 0 && nodes_[leaf].num_children == 0)
      << "block " << leaf << " is no leaf";
  Remove(leaf);
}

bool PrefixTree::EvictOne() {
  if (pool_.num_only_cached() == 0) return false;
  for (size_t num_left = leaves_.size(); num_left > 0; --num_left) {
    const BlockId block = leaves_.begin()->block;
    if (pool_.num_owners(block) == 1) {
      Remove(block);
      return true;
    }
    Touch(block);
  }
  return false;
}

void PrefixTree::Clear() {
  while (EvictOne()) {
  }
}

absl::Span<const int32_t> PrefixTree::TokensOf(BlockId block) const {
  return {tokens_.data() + static_cast<size_t>(block) * block_tokens_,
          static_cast<size_t>(nodes_[block].num_tokens)};
}

PrefixTree::Child PrefixTree::ChildOf(BlockId block) const {
  const absl::Span<const int32_t> tokens = TokensOf(block);
  return {nodes_[block].parent, tokens.front(), tokens, block};
}

PrefixTree::RootName PrefixTree::RootNameOf(const Place& place) {
  RootName name = {.below = place.below};
  if (place.salt.has_value()) name.salt = std::string(*place.salt);
  return name;
}

std::optional<PrefixTree::NodeId> PrefixTree::FindPlace(
    const Place& place) const {
  if (place.below.has_value()) {
    CHECK(nodes_[*place.below].num_tokens == block_tokens_)
        << "block " << *place.below << " is no full one of the tree";
    if (!place.enters_salt) return *place.below;
  }
  const auto root = root_of_name_.find(RootNameOf(place));
  if (root == root_of_name_.end()) return std::nullopt;
  return root->second;
}

PrefixTree::NodeId PrefixTree::MakePlace(const Place& place) {
  const std::optional<NodeId> found = FindPlace(place);
  if (found.has_value()) return *found;
  if (free_roots_.empty()) {
    free_roots_.push_back(pool_.num_blocks() +
                          static_cast<NodeId>(roots_.size()));
    roots_.emplace_back();
  }
  const NodeId root = free_roots_.back();
  free_roots_.pop_back();
  RootOf(root).name = RootNameOf(place);
  root_of_name_.emplace(RootOf(root).name, root);
  return root;
}

void PrefixTree::ForgetRootIfEmpty(NodeId node) {
  if (IsBlock(node) || RootOf(node).num_children > 0) return;
  root_of_name_.erase(RootOf(node).name);
  RootOf(node).name = {};
  free_roots_.push_back(node);
}

std::optional<BlockId> PrefixTree::FindFull(
    NodeId parent, uint64_t hash, absl::Span<const int32_t> tokens) const {
  const auto found = full_.find(hash);
  if (found == full_.end()) return std::nullopt;
  const BlockId block = found->second;
  if (nodes_[block].parent != parent || TokensOf(block) != tokens) {
    return std::nullopt;
  }
  return block;
}

// The two neighbours of where `tokens` would stand are the likeliest siblings.
std::optional<PrefixTree::Tail> PrefixTree::FindTail(
    NodeId parent, absl::Span<const int32_t> tokens) const {
  tokens = tokens.first(std::min<size_t>(tokens.size(), block_tokens_ - 1));
  if (tokens.empty()) return std::nullopt;
  const auto after = children_.lower_bound({parent, tokens.front(), tokens, 0});
  Tail tail;
  const auto consider = [&](const Child& child) {
    if (child.parent != parent) return;
    const int length = CommonLength(child.tokens, tokens);
    if (length > tail.num_tokens) tail = {child.block, length};
  };
  if (after != children_.end()) consider(*after);
  if (after != children_.begin()) consider(*std::prev(after));
  if (tail.num_tokens == 0) return std::nullopt;
  return tail;
}

std::optional<BlockId> PrefixTree::FindExtension(
    NodeId parent, absl::Span<const int32_t> tokens) const {
  const auto after = children_.lower_bound({parent, tokens.front(), tokens, 0});
  if (after == children_.end() || after->parent != parent ||
      CommonLength(after->tokens, tokens) < tokens.size()) {
    return std::nullopt;
  }
  return after->block;
}

// As no partial node begins a sibling, it is the last before `tokens`.
void PrefixTree::ForgetBeginning(NodeId parent,
                                 absl::Span<const int32_t> tokens) {
  const auto after = children_.lower_bound({parent, tokens.front(), tokens, 0});
  if (after == children_.begin()) return;
  const Child before = *std::prev(after);
  if (before.parent == parent &&
      CommonLength(before.tokens, tokens) == before.tokens.size()) {
    Remove(before.block);
  }
}

void PrefixTree::Add(NodeId parent, uint64_t hash,
                     absl::Span<const int32_t> tokens, BlockId block) {
  AddChild(parent);  // first, so that a root with one partial child stays
  ForgetBeginning(parent, tokens);
  pool_.RefCached(block);
  std::copy(tokens.begin(), tokens.end(),
            tokens_.begin() + static_cast<size_t>(block) * block_tokens_);
  nodes_[block] = {.parent = parent,
                   .num_tokens = static_cast<int>(tokens.size()),
                   .hash = hash,
                   .last_used = ++clock_};
  if (tokens.size() == block_tokens_) full_.emplace(hash, block);
  children_.insert(ChildOf(block));
  leaves_.insert({clock_, block});
  ++num_nodes_;
}

void PrefixTree::Remove(BlockId leaf) {
  const Node node = nodes_[leaf];
  if (node.num_tokens == block_tokens_) full_.erase(node.hash);
  children_.erase(ChildOf(leaf));
  leaves_.erase({node.last_used, leaf});
  nodes_[leaf] = {};
  --num_nodes_;
  RemoveChild(node.parent, node.last_used);
  pool_.UnrefCached(leaf);
}

void PrefixTree::AddChild(NodeId parent) {
  if (!IsBlock(parent)) {
    Root& root = RootOf(parent);
    if (root.num_children++ > 0 || !root.name.below.has_value()) return;
    parent = *root.name.below;
  }
  Node& node = nodes_[parent];
  if (node.num_children++ == 0) {
    leaves_.erase({node.last_used, static_cast<BlockId>(parent)});
  }
}

// Whoever used a child used its parent.
void PrefixTree::RemoveChild(NodeId parent, uint64_t last_used) {
  bool is_one_less = true;
  if (!IsBlock(parent)) {
    Root& root = RootOf(parent);
    const std::optional<BlockId> below = root.name.below;
    is_one_less = --root.num_children == 0;
    ForgetRootIfEmpty(parent);
    if (!below.has_value()) return;
    parent = *below;
  }
  Node& node = nodes_[parent];
  node.last_used = std::max(node.last_used, last_used);
  if (is_one_less && --node.num_children == 0) {
    leaves_.insert({node.last_used, static_cast<BlockId>(parent)});
  }
}

}  // namespace tessera::kv_cache
