// What a rendering has used of its limits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "libs/chat_template/limits.h"

namespace tessera::chat_template {

class Budget {
 public:
  explicit Budget(const Limits& limits) : limits_(limits) {}

  // Each is called before the work; ResourceExhausted names the limit.
  absl::Status Step(size_t steps = 1);
  // Looking at `bytes` bytes.
  absl::Status Read(size_t bytes) { return Step(1 + bytes / 64); }
  // Making `count` objects of `bytes` bytes each.
  absl::Status Allocate(size_t bytes, size_t count = 1);
  absl::Status Output(size_t bytes);

  // Levels of nested evaluation.
  absl::Status Enter();
  void Leave() { --depth_; }

 private:
  const Limits limits_;
  size_t steps_ = 0;
  size_t allocated_bytes_ = 0;
  size_t output_bytes_ = 0;
  int depth_ = 0;
};

// Leaves at the end of the scope; for after a successful Enter.
class DepthGuard {
 public:
  explicit DepthGuard(Budget* budget) : budget_(budget) {}
  ~DepthGuard() { budget_->Leave(); }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;

 private:
  Budget* budget_;
};

}  // namespace tessera::chat_template
