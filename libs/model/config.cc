#include "libs/model/config.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/base/status_macros.h"

namespace tessera::model {
namespace {

absl::Status CheckRange(absl::string_view field, int64_t value, int64_t low,
                        int64_t high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, ": must be from ", low, " to ", high));
}

}  // namespace

absl::Status ModelConfig::Validate() const {
  RETURN_IF_ERROR(CheckRange("num_layers", num_layers, 1, 1024));
  RETURN_IF_ERROR(CheckRange("hidden_dim", hidden_dim, 1, 1 << 17));
  RETURN_IF_ERROR(CheckRange("feed_forward_dim", feed_forward_dim, 1, 1 << 20));
  RETURN_IF_ERROR(CheckRange("num_heads", num_heads, 1, 1024));
  RETURN_IF_ERROR(CheckRange("num_kv_heads", num_kv_heads, 1, num_heads));
  RETURN_IF_ERROR(CheckRange("head_dim", head_dim, 2, 512));
  RETURN_IF_ERROR(CheckRange("vocab_size", vocab_size, 1, 1 << 22));
  RETURN_IF_ERROR(CheckRange("context_len", context_len, 1, 1 << 24));
  RETURN_IF_ERROR(
      CheckRange("sliding_window", sliding_window, 0, int64_t{1} << 31));
  if (num_heads % num_kv_heads != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("num_kv_heads is ", num_kv_heads,
                     ": must divide num_heads, ", num_heads));
  }
  if (!std::isfinite(rms_norm_epsilon) || rms_norm_epsilon <= 0 ||
      rms_norm_epsilon > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("rms_norm_epsilon is ", rms_norm_epsilon,
                     ": must be above 0, at most 1"));
  }
  if (rope.rotary_dim > head_dim) {
    return absl::InvalidArgumentError(
        absl::StrCat("rotary_dim is ", rope.rotary_dim,
                     ": must be at most head_dim, ", head_dim));
  }
  return Annotate(kernels::RopeFrequencies::Create(rope).status(), "rope");
}

}  // namespace tessera::model
