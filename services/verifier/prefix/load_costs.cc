#include "services/verifier/prefix/load_costs.h"

#include <algorithm>

namespace tessera::verifier {
namespace {

// Passes with fewer say more of what else was in them.
constexpr int64_t kMinPromptTokens = 16;
constexpr double kWeight = 0.3;  // of the latest measurement
constexpr double kFading = 0.9;

// Follows what is measured.
void Follow(double measured, double& value) {
  value = value == 0 ? measured : value + kWeight * (measured - value);
}

}  // namespace

LoadCosts::LoadCosts(int block_tokens, absl::Duration token_time)
    : block_tokens_(block_tokens),
      token_seconds_(absl::ToDoubleSeconds(token_time)) {}

void LoadCosts::Computed(int64_t num_prompt_tokens, absl::Duration time) {
  if (num_prompt_tokens < kMinPromptTokens) return;
  if (!has_computed_) token_seconds_ = 0;
  has_computed_ = true;
  Follow(absl::ToDoubleSeconds(time) / num_prompt_tokens, token_seconds_);
}

void LoadCosts::Loaded(const BlocksToLoad& blocks, absl::Duration time) {
  if (blocks.count() == 0) return;
  const double seconds = absl::ToDoubleSeconds(time);
  if (blocks.num_on_disk == 0) {
    Follow(seconds / blocks.num_in_memory, memory_seconds_);
    return;
  }
  const double from_disk = seconds - memory_seconds_ * blocks.num_in_memory;
  Follow(std::max(from_disk / blocks.num_on_disk, memory_seconds_),
         disk_seconds_);
}

absl::Duration LoadCosts::ToCompute(int64_t num_blocks) const {
  return absl::Seconds(token_seconds_ * block_tokens_ * num_blocks);
}

absl::Duration LoadCosts::ToLoad(const BlocksToLoad& blocks) const {
  return absl::Seconds(memory_seconds_ * blocks.num_in_memory +
                       disk_seconds_ * blocks.num_on_disk);
}

bool LoadCosts::ShouldLoad(const BlocksToLoad& blocks) {
  if (blocks.count() == 0) return false;
  if (ToLoad(blocks) < ToCompute(blocks.count())) return true;
  memory_seconds_ *= kFading;
  disk_seconds_ *= kFading;
  return false;
}

}  // namespace tessera::verifier
