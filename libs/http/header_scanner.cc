#include "libs/http/header_scanner.h"

namespace tessera::http {

bool HeaderScanner::Fits(char c) const {
  if ((previous_ == '\r') != (c == '\n')) return false;
  if (c == '\r' || c == '\n') return true;
  if (c == ' ' || c == '\t') return previous_ != '\n';
  return static_cast<unsigned char>(c) > ' ' && c != 0x7f;
}

HeaderScanner::Result HeaderScanner::Scan(absl::string_view bytes,
                                          size_t* num_scanned) {
  for (*num_scanned = 0; *num_scanned < bytes.size();) {
    const char c = bytes[(*num_scanned)++];
    if (!Fits(c)) return Result::kMalformed;
    previous_ = c;
    if (c == '\r') continue;
    if (c == '\n' && line_is_empty_) return Result::kEnd;
    line_is_empty_ = c == '\n';
  }
  return Result::kMore;
}

}  // namespace tessera::http
