#include "libs/kv_cache/block_table.h"

#include <limits>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "libs/base/check.h"

namespace tessera::kv_cache {
namespace {

int64_t BlocksOf(int64_t num_tokens, int64_t block_tokens) {
  return (num_tokens + block_tokens - 1) / block_tokens;
}

}  // namespace

BlockTable::BlockTable(BlockTable&& other) noexcept
    : pool_(other.pool_),
      num_tokens_(std::exchange(other.num_tokens_, 0)),
      block_ids_(std::exchange(other.block_ids_, {})) {}

BlockTable& BlockTable::operator=(BlockTable&& other) noexcept {
  if (this == &other) return *this;
  Truncate(0);
  pool_ = other.pool_;
  num_tokens_ = std::exchange(other.num_tokens_, 0);
  block_ids_ = std::exchange(other.block_ids_, {});
  return *this;
}

bool BlockTable::TailIsShared() const {
  return num_tokens_ % pool_->geometry().block_tokens != 0 &&
         pool_->num_owners(block_ids_.back()) > 1;
}

int64_t BlockTable::NumBlocksToAppend(int64_t num_tokens) const {
  const int64_t block_tokens = pool_->geometry().block_tokens;
  CHECK(num_tokens >= 0 && num_tokens <= std::numeric_limits<int64_t>::max() -
                                             num_tokens_ - block_tokens)
      << num_tokens << " tokens";
  if (num_tokens == 0) return 0;
  const int64_t num_new = BlocksOf(num_tokens_ + num_tokens, block_tokens) -
                          static_cast<int64_t>(block_ids_.size());
  return num_new + (TailIsShared() ? 1 : 0);
}

absl::Status BlockTable::Append(int64_t num_tokens) {
  const int64_t num_needed = NumBlocksToAppend(num_tokens);
  if (num_needed > pool_->num_free()) {
    return absl::ResourceExhaustedError(absl::StrCat(
        num_tokens, " more tokens need ", num_needed, " KV blocks: ",
        pool_->num_free(), " of ", pool_->num_blocks(), " are free"));
  }
  if (num_tokens > 0 && TailIsShared()) {
    const BlockId copy = *pool_->Allocate();
    pool_->arena().CopyBlock(block_ids_.back(), copy);
    pool_->Unref(block_ids_.back());
    block_ids_.back() = copy;
  }
  num_tokens_ += num_tokens;
  const int64_t num_blocks =
      BlocksOf(num_tokens_, pool_->geometry().block_tokens);
  while (static_cast<int64_t>(block_ids_.size()) < num_blocks) {
    block_ids_.push_back(*pool_->Allocate());
  }
  return absl::OkStatus();
}

void BlockTable::Truncate(int64_t num_tokens) {
  CHECK(num_tokens >= 0 && num_tokens <= num_tokens_)
      << "to " << num_tokens << " of " << num_tokens_ << " tokens";
  num_tokens_ = num_tokens;
  const int64_t num_blocks =
      BlocksOf(num_tokens_, pool_->geometry().block_tokens);
  while (static_cast<int64_t>(block_ids_.size()) > num_blocks) {
    pool_->Unref(block_ids_.back());
    block_ids_.pop_back();
  }
}

void BlockTable::Adopt(BlockId full_block) {
  const int64_t block_tokens = pool_->geometry().block_tokens;
  CHECK(num_tokens_ % block_tokens == 0) << "behind a partial tail";
  pool_->Ref(full_block);
  block_ids_.push_back(full_block);
  num_tokens_ += block_tokens;
}

absl::Status BlockTable::AdoptCopy(BlockId block, int num_tokens) {
  const int64_t block_tokens = pool_->geometry().block_tokens;
  CHECK(num_tokens_ % block_tokens == 0) << "behind a partial tail";
  CHECK(num_tokens >= 1 && num_tokens < block_tokens) << num_tokens;
  const absl::StatusOr<BlockId> copy = pool_->Allocate();
  if (!copy.ok()) return copy.status();
  pool_->arena().CopyBlock(block, *copy);
  block_ids_.push_back(*copy);
  num_tokens_ += num_tokens;
  return absl::OkStatus();
}

void BlockTable::Replace(int64_t index, BlockId same) {
  const int64_t block_tokens = pool_->geometry().block_tokens;
  CHECK(index >= 0 && (index + 1) * block_tokens <= num_tokens_) << index;
  pool_->Ref(same);
  pool_->Unref(block_ids_[index]);
  block_ids_[index] = same;
}

BlockTable BlockTable::Fork() const {
  BlockTable fork(*pool_);
  fork.num_tokens_ = num_tokens_;
  fork.block_ids_ = block_ids_;
  for (const BlockId id : block_ids_) pool_->Ref(id);
  return fork;
}

}  // namespace tessera::kv_cache
