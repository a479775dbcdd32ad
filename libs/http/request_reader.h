// RequestReader: one request out of a connection's bytes, however they are cut.
//
//   RequestReader reader({.max_header_bytes = ..., .max_body_bytes = ...});
//   while (reader.state() is neither kComplete nor kRefused)
//     bytes.remove_prefix(reader.Read(bytes));
//
// Headers are parsed by Boost.Beast, and held to more than it asks for: see
// header_scanner.h; one Host (HTTP/1.1), one Content-Length of digits alone,
// and no transfer coding but `chunked` alone. Knows no sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "libs/http/chunk_decoder.h"
#include "libs/http/header_scanner.h"
#include "libs/http/message.h"

namespace tessera::http {

struct RequestLimits {
  int64_t max_header_bytes = 0;
  int64_t max_body_bytes = 0;
};

class HeaderParser;  // over Beast's

class RequestReader {
 public:
  enum class State {
    kNothing,  // no byte of a request has come (empty lines do not count)
    kHeader,
    kBody,
    kComplete,
    kRefused,
  };

  explicit RequestReader(const RequestLimits& limits) : limits_(limits) {}

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
  bool keep_alive() const { return keep_alive_; }
  bool is_http_1_1() const { return is_http_1_1_; }

 private:
  size_t ReadHeader(absl::string_view bytes);
  void ParseHeader();
  void TakeHeader(HeaderParser& parser);
  size_t ReadBody(absl::string_view bytes);
  void Refuse(int status, absl::string_view message);
  void RefuseLongBody();

  RequestLimits limits_;
  State state_ = State::kNothing;
  HeaderScanner scanner_;
  std::string header_;  // as far as it came
  Request request_;
  std::optional<ChunkDecoder> chunks_;  // of a chunked body
  uint64_t num_missing_ = 0;            // bytes of another body
  bool keep_alive_ = false;
  bool is_http_1_1_ = false;
  bool expects_continue_ = false;
  int refusal_status_ = 0;
  std::string refusal_;
};

}  // namespace tessera::http
