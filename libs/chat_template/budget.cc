#include "libs/chat_template/budget.h"

#include "absl/strings/str_cat.h"

namespace tessera::chat_template {
namespace {

absl::Status Exhausted(absl::string_view what, size_t limit) {
  return absl::ResourceExhaustedError(
      absl::StrCat("rendering takes more than ", limit, " ", what));
}

}  // namespace

absl::Status Budget::Step(size_t steps) {
  const size_t limit = static_cast<size_t>(limits_.max_steps);
  if (steps > limit - steps_) return Exhausted("steps", limit);
  steps_ += steps;
  return absl::OkStatus();
}

absl::Status Budget::Allocate(size_t bytes, size_t count) {
  const size_t limit = limits_.max_allocated_bytes;
  const size_t left = limit - allocated_bytes_;
  if (count > 0 && bytes > left / count) {
    return Exhausted("bytes of strings and lists", limit);
  }
  allocated_bytes_ += bytes * count;
  return Step(1 + bytes * count / 64);
}

absl::Status Budget::Output(size_t bytes) {
  if (bytes > limits_.max_output_bytes - output_bytes_) {
    return Exhausted("bytes of output", limits_.max_output_bytes);
  }
  output_bytes_ += bytes;
  return Step(1 + bytes / 64);
}

absl::Status Budget::Enter() {
  if (depth_ >= limits_.max_depth) {
    return Exhausted("nested evaluations", limits_.max_depth);
  }
  ++depth_;
  return absl::OkStatus();
}

}  // namespace tessera::chat_template
