// ChunkDecoder: a chunked body (RFC 9112, 7.1), in bytes that come in parts.
//
// Extensions and trailers are dropped. Lines end in CR LF and hold no control
// characters, as in header_scanner.h. Boost.Beast's decoder is not used: what
// it makes of some malformed bodies depends on how their bytes are cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "libs/http/header_scanner.h"

namespace tessera::http {

class ChunkDecoder {
 public:
  enum class Result {
    kMore,
    kEnd,
    kMalformed,
    kTooLong,  // the body would be longer than allowed
  };

  explicit ChunkDecoder(int64_t max_body_bytes)
      : num_allowed_(max_body_bytes) {}

  // Takes the next bytes and appends the body's among them. kEnd: *num_read of
  // them belong to the body. Not after another result than kMore.
  Result Read(absl::string_view bytes, size_t* num_read, std::string* body);

 private:
  enum class State {
    kSize,       // before or within the digits
    kExtension,  // past them
    kSizeEnd,    // past the CR after them
    kData,
    kDataCr,
    kDataLf,
    kTrailers,
  };

  Result ReadByte(char c);
  Result ReadSize(char c);
  Result ReadExtension(char c);
  Result EndSize();
  size_t ReadData(absl::string_view bytes, std::string* body);
  Result ReadTrailers(absl::string_view bytes, size_t* num_read);

  State state_ = State::kSize;
  int64_t num_allowed_;  // bytes of body
  uint64_t size_ = 0;    // of the chunk; while kData, what is left of it
  int num_digits_ = 0;
  bool has_extension_ = false;  // past the ';'
  int num_line_bytes_ = 0;      // of a chunk's extensions, or of all trailers
  HeaderScanner trailers_;
};

}  // namespace tessera::http
