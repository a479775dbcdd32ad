// Stop strings in text that arrives in pieces.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tessera::conversation {

// Passes text on, up to the first stop string: that one and what follows it
// are dropped. Text that may yet turn out to begin a stop string is held back.
class StopText {
 public:
  // Empty stops are ignored. The stop that is complete first counts, the longer
  // of two that end together; how the text is cut does not matter.
  explicit StopText(std::vector<std::string> stops);

  // What may be shown now that `piece` came.
  std::string Append(absl::string_view piece);
  // No more comes: what was held back.
  std::string Finish();
  // Whether a stop string came; Append and Finish then return nothing more.
  bool stopped() const { return stopped_; }

 private:
  // Where in held_ the stop that counts begins; npos: there is none.
  size_t FirstStop() const;
  // How many bytes at the end of held_ may begin a stop.
  size_t NumHeld() const;

  std::vector<std::string> stops_;
  std::string held_;  // received, not yet passed on
  bool stopped_ = false;
};

}  // namespace tessera::conversation
