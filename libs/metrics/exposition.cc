#include "libs/metrics/exposition.h"

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace tessera::metrics {
namespace {

// Of a "# HELP name ..." or "# TYPE name ..." line; empty for any other.
absl::string_view MetricOfComment(absl::string_view line) {
  if (!absl::StartsWith(line, "# HELP ") &&
      !absl::StartsWith(line, "# TYPE ")) {
    return {};
  }
  line.remove_prefix(sizeof("# HELP ") - 1);
  return line.substr(0, line.find(' '));
}

struct Family {
  std::string comments;
  std::string samples;
};

class Families {
 public:
  void Add(absl::string_view exposition) {
    Family* family = nullptr;
    absl::string_view name;
    bool is_first = false;  // the text whose comments count
    for (const absl::string_view line : absl::StrSplit(exposition, '\n')) {
      if (line.empty()) continue;
      if (line[0] != '#') {
        if (family != nullptr) absl::StrAppend(&family->samples, line, "\n");
        continue;
      }
      const absl::string_view metric = MetricOfComment(line);
      if (metric.empty()) continue;
      if (metric != name) {
        name = metric;
        family = &Find(metric);
        is_first = family->comments.empty();
      }
      if (is_first) absl::StrAppend(&family->comments, line, "\n");
    }
  }

  std::string Text() const {
    std::string text;
    for (const Family& family : families_) {
      absl::StrAppend(&text, family.comments, family.samples);
    }
    return text;
  }

 private:
  Family& Find(absl::string_view name) {
    const auto [found, is_new] =
        indexes_.try_emplace(std::string(name), families_.size());
    if (is_new) families_.emplace_back();
    return families_[found->second];
  }

  std::vector<Family> families_;  // as they came
  absl::flat_hash_map<std::string, size_t> indexes_;
};

}  // namespace

std::string AddLabel(absl::string_view exposition, absl::string_view name,
                     absl::string_view value) {
  const std::string label =
      absl::StrCat(name, "=\"",
                   absl::StrReplaceAll(
                       value, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}}),
                   "\"");
  std::string text;
  for (const absl::string_view line : absl::StrSplit(exposition, '\n')) {
    if (line.empty()) continue;
    const size_t end = line.find_first_of("{ ");
    if (line[0] == '#' || end == absl::string_view::npos) {
      absl::StrAppend(&text, line, "\n");
    } else if (line[end] == '{') {
      absl::StrAppend(&text, line.substr(0, end + 1), label, ",",
                      line.substr(end + 1), "\n");
    } else {
      absl::StrAppend(&text, line.substr(0, end), "{", label, "}",
                      line.substr(end), "\n");
    }
  }
  return text;
}

std::string MergeExpositions(absl::Span<const std::string> expositions) {
  Families families;
  for (const std::string& exposition : expositions) families.Add(exposition);
  return families.Text();
}

}  // namespace tessera::metrics
