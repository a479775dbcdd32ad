// A string that knows where each of its bytes came from.
//
// Bytes written in the template may form special tokens; bytes of a message may
// not, whatever the template does with them: every operation here carries the
// origins along.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tessera::chat_template {

enum class Origin : uint8_t { kTemplate, kData };

class Text {
 public:
  // The bytes from the previous run's end (or 0) up to `end`.
  struct Run {
    size_t end;
    Origin origin;
  };

  Text() = default;
  Text(absl::string_view bytes, Origin origin) { Append(bytes, origin); }

  absl::string_view bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  // Rising ends, the last one size(); neighbours differ in origin.
  const std::vector<Run>& runs() const { return runs_; }
  // What it takes in memory, for the budget.
  size_t allocated_bytes() const {
    return bytes_.size() + runs_.size() * sizeof(Run);
  }

  void Append(absl::string_view bytes, Origin origin);
  void Append(const Text& other) { AppendPart(other, 0, other.size()); }
  // Bytes [begin, end) of `other`; `other` is another object.
  void AppendPart(const Text& other, size_t begin, size_t end);
  Text Part(size_t begin, size_t end) const;
  // Of the byte at `position` < size().
  Origin OriginAt(size_t position) const { return RunAt(position)->origin; }

 private:
  // The run that holds the byte; the end where position is size().
  std::vector<Run>::const_iterator RunAt(size_t position) const;

  std::string bytes_;
  std::vector<Run> runs_;
};

}  // namespace tessera::chat_template
