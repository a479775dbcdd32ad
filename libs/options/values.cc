#include "libs/options/values.h"

#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tessera::options {
namespace {

absl::Status Unexpected(absl::string_view expected, absl::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat("expected ", expected, ", got \"", text, "\""));
}

std::string Range(int64_t min, int64_t max) {
  using Limits = std::numeric_limits<int32_t>;
  if (max >= Limits::max()) {
    return min <= Limits::min() ? "" : absl::StrCat(" of at least ", min);
  }
  return absl::StrCat(" from ", min, " to ", max);
}

struct Unit {
  absl::string_view name;
  double factor;
};

constexpr Unit kByteUnits[] = {
    {"B", 1},         {"kB", 1e3},      {"MB", 1e6},
    {"GB", 1e9},      {"TB", 1e12},     {"KiB", 1024},
    {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1024.0 * (1 << 30)},
};

}  // namespace

absl::StatusOr<bool> ParseSwitch(absl::string_view text) {
  bool value = false;
  const std::string word = absl::AsciiStrToLower(text);
  if (word == "on") return true;
  if (word == "off") return false;
  if (!absl::SimpleAtob(word, &value)) {
    return Unexpected("true or false", text);
  }
  return value;
}

absl::StatusOr<int64_t> ParseInt(absl::string_view text, int64_t min,
                                 int64_t max) {
  int64_t value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < min || value > max) {
    return Unexpected(absl::StrCat("an integer", Range(min, max)), text);
  }
  return value;
}

absl::StatusOr<uint64_t> ParseUint64(absl::string_view text) {
  uint64_t value = 0;
  if (!absl::SimpleAtoi(text, &value)) {
    return Unexpected("an integer from 0 to 18446744073709551615", text);
  }
  return value;
}

absl::StatusOr<double> ParseReal(absl::string_view text, double min,
                                 double max) {
  double value = 0;
  if (!absl::SimpleAtod(text, &value) || !std::isfinite(value) || value < min ||
      value > max) {
    const bool bounded = min > std::numeric_limits<float>::lowest() &&
                         max < std::numeric_limits<float>::max();
    return Unexpected(bounded
                          ? absl::StrFormat("a number from %g to %g", min, max)
                          : "a number",
                      text);
  }
  return value;
}

absl::StatusOr<int64_t> ParseBytes(absl::string_view text, int64_t min,
                                   int64_t max) {
  absl::string_view digits = text;
  double factor = 1;
  for (const Unit& unit : kByteUnits) {
    // The last match is the longest: "GiB" also ends in "B".
    if (absl::EndsWith(text, unit.name)) {
      digits = text.substr(0, text.size() - unit.name.size());
      factor = unit.factor;
    }
  }
  double value = 0;
  // 2^63, the first double that does not fit.
  constexpr double kTooMuch = 9223372036854775808.0;
  if (!absl::SimpleAtod(digits, &value) || !(value * factor >= 0) ||
      value * factor >= kTooMuch || value * factor < min ||
      value * factor > max) {
    return Unexpected(
        absl::StrCat("bytes", Range(min, max), " (units: kB, MiB, GiB, ...)"),
        text);
  }
  return static_cast<int64_t>(value * factor);
}

absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text,
                                             absl::Duration min,
                                             absl::Duration max) {
  absl::Duration value;
  if (!absl::ParseDuration(text, &value) || value < min || value > max) {
    return Unexpected(
        absl::StrCat("a time from ", absl::FormatDuration(min), " to ",
                     absl::FormatDuration(max), " (units: ms, s, m, h)"),
        text);
  }
  return value;
}

}  // namespace tessera::options
