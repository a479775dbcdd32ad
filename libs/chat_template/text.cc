#include "libs/chat_template/text.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"

namespace tessera::chat_template {

void Text::Append(absl::string_view bytes, Origin origin) {
  if (bytes.empty()) return;
  bytes_.append(bytes.data(), bytes.size());
  if (!runs_.empty() && runs_.back().origin == origin) {
    runs_.back().end = bytes_.size();
  } else {
    runs_.push_back({bytes_.size(), origin});
  }
}

void Text::AppendPart(const Text& other, size_t begin, size_t end) {
  DCHECK(&other != this && begin <= end && end <= other.size());
  auto run = other.RunAt(begin);
  while (begin < end) {
    const size_t stop = std::min(end, run->end);
    Append(other.bytes().substr(begin, stop - begin), run->origin);
    begin = stop;
    ++run;
  }
}

Text Text::Part(size_t begin, size_t end) const {
  Text part;
  part.AppendPart(*this, begin, end);
  return part;
}

std::vector<Text::Run>::const_iterator Text::RunAt(size_t position) const {
  return std::upper_bound(
      runs_.begin(), runs_.end(), position,
      [](size_t wanted, const Run& run) { return wanted < run.end; });
}

}  // namespace tessera::chat_template
