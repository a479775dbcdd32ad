// The bytes before and around an answer's body. RFC 9112.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "libs/http/message.h"

namespace tessera::http {

struct AnswerFraming {
  std::optional<int64_t> content_length;  // none: chunked, or until the end
  bool is_chunked = false;
  // What the Connection header says; nothing where HTTP/1.1 implies it.
  bool close = false;
  bool say_keep_alive = false;
};

// Status line, headers and the empty line after them. What could end a header
// early in response.headers (control characters) becomes a space.
std::string FormatHead(const Response& response, const AnswerFraming& framing);

// Whether an answer of that status has no body and no length: 1xx, 204, 304.
bool IsBodiless(int status);

// Appends `piece`, not empty, as one chunk.
void AppendChunk(absl::string_view piece, std::string* bytes);
inline constexpr absl::string_view kLastChunk = "0\r\n\r\n";

}  // namespace tessera::http
