// TokenEvents: which server-sent events of an answer bring text, and the count
// of tokens that its usage tells. Looks for what matters in an event's text
// instead of parsing all of it: it runs beside the servers that it times.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace tessera::serve_benchmark {

class TokenEvents {
 public:
  // How many events that this part of the body completes bring text: their
  // "text" or "content" is not empty.
  int Add(absl::string_view body);

  bool done() const { return done_; }  // data: [DONE] came
  // The last "completion_tokens" that an event held; -1: none did.
  int completion_tokens() const { return completion_tokens_; }
  // The first event with an "error", or an empty string.
  const std::string& error() const { return error_; }

 private:
  bool ReadEvent(absl::string_view data);

  std::string line_;  // not yet whole
  bool done_ = false;
  int completion_tokens_ = -1;
  std::string error_;
};

}  // namespace tessera::serve_benchmark
