// HeaderScanner: where a request's header ends, in bytes that come in parts,
// and whether its lines are fit to parse at all.
//
// Stricter than RFC 9112 where leniency lets two servers read one request
// differently: lines end in CR LF, a line never continues the one before
// (obs-fold), and control characters other than TAB stand nowhere.
#pragma once

#include <cstddef>

#include "absl/strings/string_view.h"

namespace tessera::http {

class HeaderScanner {
 public:
  enum class Result { kMore, kEnd, kMalformed };

  // Takes the next bytes. kEnd: the empty line that ends the header is within
  // them, *num_scanned bytes of them belong to the header.
  Result Scan(absl::string_view bytes, size_t* num_scanned);

 private:
  bool Fits(char c) const;

  char previous_ = '\n';
  bool line_is_empty_ = true;
};

}  // namespace tessera::http
