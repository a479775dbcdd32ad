#include "libs/conversation/stop_text.h"

#include <algorithm>
#include <utility>

namespace tessera::conversation {

StopText::StopText(std::vector<std::string> stops) : stops_(std::move(stops)) {
  stops_.erase(std::remove(stops_.begin(), stops_.end(), ""), stops_.end());
}

size_t StopText::NumHeld() const {
  size_t num_held = 0;
  for (const std::string& stop : stops_) {
    // The longest end of held_ that is a beginning of this stop.
    for (size_t n = std::min(stop.size() - 1, held_.size()); n > num_held;
         --n) {
      if (held_.compare(held_.size() - n, n, stop, 0, n) == 0) num_held = n;
    }
  }
  return num_held;
}

size_t StopText::FirstStop() const {
  size_t begin = std::string::npos;
  size_t end = std::string::npos;
  for (const std::string& stop : stops_) {
    const size_t found = held_.find(stop);
    if (found == std::string::npos) continue;
    const size_t found_end = found + stop.size();
    if (found_end < end || (found_end == end && found < begin)) {
      begin = found;
      end = found_end;
    }
  }
  return begin;
}

std::string StopText::Append(absl::string_view piece) {
  if (stopped_) return "";
  held_.append(piece.data(), piece.size());
  const size_t begin = FirstStop();
  stopped_ = begin != std::string::npos;
  const size_t end = stopped_ ? begin : held_.size() - NumHeld();
  std::string shown = held_.substr(0, end);
  held_.erase(0, end);
  return shown;
}

std::string StopText::Finish() {
  return stopped_ ? "" : std::exchange(held_, "");
}

}  // namespace tessera::conversation
