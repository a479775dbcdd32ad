// RequestReader: one request out of a connection's bytes, however they are cut.
//
//   RequestReader reader({.max_header_bytes = ..., .max_body_bytes = ...});
//   while (reader.state() is neither kComplete nor kRefused)
//     bytes.remove_prefix(reader.Read(bytes));
//
// Parses with Boost.Beast, and is stricter than it: see header_scanner.h; one
// Host (HTTP/1.1), one Content-Length of digits alone, and no transfer coding
// but `chunked` alone. Knows no sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "libs/http/header_scanner.h"
#include "libs/http/message.h"

namespace tessera::http {

struct RequestLimits {
  int64_t max_header_bytes = 0;
  int64_t max_body_bytes = 0;
};

class RequestParser;  // over Beast's

class RequestReader {
 public:
  enum class State {
    kNothing,  // no byte of a request has come (empty lines do not count)
    kHeader,
    kBody,
    kComplete,
    kRefused,
  };

  explicit RequestReader(const RequestLimits& limits);
  ~RequestReader();

  // Takes the next bytes and returns how many were this request's: all of them
  // unless it is complete. Not after kComplete or kRefused.
  size_t Read(absl::string_view bytes);

  State state() const { return state_; }
  // Once, after a header that says `Expect: 100-continue` and before any of its
  // body: the peer waits for that answer.
  bool TakeExpectation();

  // kRefused: 400, 413, 417, 431 or 501, and why.
  int refusal_status() const { return refusal_status_; }
  const std::string& refusal() const { return refusal_; }

  // kComplete. `peer` is left empty.
  Request TakeRequest();
  bool keep_alive() const;
  bool is_http_1_1() const;

 private:
  size_t ReadHeader(absl::string_view bytes);
  void FinishHeader();
  size_t ReadBody(absl::string_view bytes);
  size_t Parse(absl::string_view bytes);
  void Refuse(int status, absl::string_view message);

  RequestLimits limits_;
  State state_ = State::kNothing;
  HeaderScanner scanner_;
  std::unique_ptr<RequestParser> parser_;  // none before a header has ended
  std::string unparsed_;                   // part of a header or a chunk's head
  bool expects_continue_ = false;
  int refusal_status_ = 0;
  std::string refusal_;
};

}  // namespace tessera::http
