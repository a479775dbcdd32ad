// Values as people write them on a command line or in a configuration file.
//
// Every error is InvalidArgument and says what was expected, the range
// included, and what came; the caller adds where.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tessera::options {

// true false yes no on off 1 0
absl::StatusOr<bool> ParseSwitch(absl::string_view text);

// A decimal integer in [min, max].
absl::StatusOr<int64_t> ParseInt(absl::string_view text, int64_t min,
                                 int64_t max);

// A decimal integer in [0, 2^64): seeds.
absl::StatusOr<uint64_t> ParseUint64(absl::string_view text);

// A finite number in [min, max].
absl::StatusOr<double> ParseReal(absl::string_view text, double min,
                                 double max);

// A number of bytes in [min, max]: digits, or a number and one of the units
// B, kB MB GB TB (powers of 1,000), KiB MiB GiB TiB (powers of 1,024).
absl::StatusOr<int64_t> ParseBytes(absl::string_view text, int64_t min,
                                   int64_t max);

// A finite time in [min, max], with its unit: 250ms, 1.5s, 2m, 1h.
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text,
                                             absl::Duration min,
                                             absl::Duration max);

}  // namespace tessera::options
