#include "tools/serve_benchmark/token_events.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"

namespace tessera::serve_benchmark {
namespace {

constexpr absl::string_view kData = "data: ";
constexpr absl::string_view kUsage = "\"completion_tokens\":";

// Whether a string member of this name is there and not empty.
bool HasText(absl::string_view json, absl::string_view name) {
  const size_t at = json.find(name);
  if (at == absl::string_view::npos) return false;
  absl::string_view value = json.substr(at + name.size());
  while (absl::ConsumePrefix(&value, " ")) {
  }
  return absl::ConsumePrefix(&value, "\"") && !absl::StartsWith(value, "\"");
}

int NumberAfter(absl::string_view json, absl::string_view name) {
  const size_t at = json.find(name);
  if (at == absl::string_view::npos) return -1;
  absl::string_view value = json.substr(at + name.size());
  while (absl::ConsumePrefix(&value, " ")) {
  }
  int number = -1;
  const size_t end = value.find_first_not_of("0123456789");
  return absl::SimpleAtoi(value.substr(0, end), &number) ? number : -1;
}

}  // namespace

bool TokenEvents::ReadEvent(absl::string_view data) {
  if (data == "[DONE]") {
    done_ = true;
    return false;
  }
  if (error_.empty() && absl::StrContains(data, "\"error\":")) {
    error_ = std::string(data);
  }
  const int usage = NumberAfter(data, kUsage);
  if (usage >= 0) completion_tokens_ = usage;
  return HasText(data, "\"text\":") || HasText(data, "\"content\":");
}

int TokenEvents::Add(absl::string_view body) {
  int num_tokens = 0;
  while (!body.empty()) {
    const size_t end = body.find('\n');
    line_.append(body.data(), std::min(end, body.size()));
    if (end == absl::string_view::npos) break;
    body.remove_prefix(end + 1);
    absl::string_view line = absl::StripSuffix(line_, "\r");
    if (absl::ConsumePrefix(&line, kData)) num_tokens += ReadEvent(line);
    line_.clear();
  }
  return num_tokens;
}

}  // namespace tessera::serve_benchmark
