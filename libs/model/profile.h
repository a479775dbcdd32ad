// ForwardProfile: where a forward pass spends its time, as rank 0 sees it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace tessera::model {

enum class ForwardOp : uint8_t {
  kEmbedding,
  kNorm,
  kQueryKeyValue,
  kRotateAndStore,
  kAttention,
  kAttentionOutput,
  kGateUp,
  kDown,
  kLogits,
};
inline constexpr int kNumForwardOps = 9;

absl::string_view ForwardOpName(ForwardOp op);

// Seconds by operation, barriers included, summed over layers and passes.
struct ForwardProfile {
  std::array<double, kNumForwardOps> seconds = {};
  int64_t num_passes = 0;
};

// Adds the time since the last Mark (or the construction) to an operation; does
// nothing, and reads no clock, without a profile.
class ProfileClock {
 public:
  explicit ProfileClock(ForwardProfile* profile) : profile_(profile) {
    if (profile_ != nullptr) last_ = std::chrono::steady_clock::now();
  }
  void Mark(ForwardOp op) {
    if (profile_ == nullptr) return;
    const auto now = std::chrono::steady_clock::now();
    profile_->seconds[static_cast<int>(op)] +=
        std::chrono::duration<double>(now - last_).count();
    last_ = now;
  }

 private:
  ForwardProfile* profile_;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace tessera::model
