#include "services/speculator/options.h"

#include "absl/strings/str_cat.h"

namespace tessera::speculator {
namespace {

absl::Status CheckRange(absl::string_view name, int64_t value, int64_t min,
                        int64_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", value, ": must be from ", min, " to ", max));
}

}  // namespace

absl::Status SpeculatorOptions::Validate() const {
  for (const absl::Status& status :
       {CheckRange("kv_memory_bytes", kv_memory_bytes, 1, int64_t{1} << 50),
        CheckRange("max_sequences", max_sequences, 1, 1 << 20),
        CheckRange("max_catch_up_tokens", max_catch_up_tokens, 1, 65536),
        CheckRange("catch_up_time, microseconds",
                   absl::ToInt64Microseconds(catch_up_time), 100,
                   10'000'000)}) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace tessera::speculator
