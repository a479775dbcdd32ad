// ResponseReader: an HTTP/1.1 response's bytes as they come: its status, and
// its body without the chunks' frames. For servers that are trusted.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tessera::serve_benchmark {

class ResponseReader {
 public:
  // The part of the body that `bytes` bring. InvalidArgument: no HTTP.
  absl::StatusOr<std::string> Add(absl::string_view bytes);

  int status() const { return status_; }  // 0 until the header is whole
  // Whether all of the body was read; never of one that ends with its
  // connection.
  bool done() const { return state_ == State::kDone; }

 private:
  enum class State { kHead, kPlain, kChunkSize, kChunk, kChunkEnd, kDone };

  absl::Status ReadHead(absl::string_view head);
  absl::Status ReadChunkSize(absl::string_view line);
  // One part of what waits; false: more bytes are needed.
  absl::StatusOr<bool> Advance(std::string* body);
  bool TakeLine(std::string* line);
  void TakeBody(std::string* body);

  State state_ = State::kHead;
  std::string waiting_;
  int status_ = 0;
  int64_t remaining_ = 0;  // of the chunk, or the body; -1: to the end
};

}  // namespace tessera::serve_benchmark
