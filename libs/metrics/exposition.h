// Expositions of several processes as one: what a gateway's /metrics tells of
// the verifiers behind it.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tessera::metrics {

// Every sample with one more label. The value is escaped.
std::string AddLabel(absl::string_view exposition, absl::string_view name,
                     absl::string_view value);

// All samples, each metric's together under its HELP and TYPE lines, which are
// the first text's that has them. Lines that belong to no metric are left out.
std::string MergeExpositions(absl::Span<const std::string> expositions);

}  // namespace tessera::metrics
