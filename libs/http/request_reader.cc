#include "libs/http/request_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "boost/beast/http/error.hpp"
#include "libs/base/check.h"
#include "libs/http/header_parser.h"
#include "libs/http/request_target.h"

namespace tessera::http {
namespace {

namespace beast_http = boost::beast::http;

// More than any client sends; each costs some 100 bytes while it is kept.
constexpr size_t kMaxHeaders = 200;

struct Refusal {
  int status = 0;  // 0: none
  absl::string_view message;
};

int CountHeaders(const Request& request, absl::string_view name) {
  return std::count_if(request.headers.begin(), request.headers.end(),
                       [&](const Header& h) { return h.first == name; });
}

Refusal CheckFraming(const Request& request, bool is_http_1_1) {
  const int num_lengths = CountHeaders(request, "content-length");
  const int num_codings = CountHeaders(request, "transfer-encoding");
  if (num_lengths + num_codings > 1) {
    return {400, "more than one Content-Length or Transfer-Encoding"};
  }
  const absl::string_view length = request.header("content-length");
  if (!std::all_of(length.begin(), length.end(), absl::ascii_isdigit)) {
    return {400, "Content-Length is not a number"};
  }
  if (num_codings == 0) return {};
  if (!is_http_1_1) return {400, "Transfer-Encoding in HTTP/1.0"};
  if (!absl::EqualsIgnoreCase(request.header("transfer-encoding"), "chunked")) {
    return {501, "the only transfer coding understood is chunked"};
  }
  return {};
}

Refusal CheckHeaders(const Request& request, bool is_http_1_1) {
  if (request.headers.size() > kMaxHeaders) return {431, "too many headers"};
  const int num_hosts = CountHeaders(request, "host");
  if (num_hosts > 1 || (num_hosts == 0 && is_http_1_1)) {
    return {400, "expected one Host header"};
  }
  const absl::string_view expect = request.header("expect");
  if (!expect.empty() && !absl::EqualsIgnoreCase(expect, "100-continue")) {
    return {417, "the only expectation understood is 100-continue"};
  }
  return CheckFraming(request, is_http_1_1);
}

}  // namespace

size_t RequestReader::Read(absl::string_view bytes) {
  CHECK(state_ != State::kComplete && state_ != State::kRefused);
  size_t num_read = 0;
  if (state_ == State::kNothing) {
    num_read = std::min(bytes.find_first_not_of("\r\n"), bytes.size());
    if (num_read < bytes.size()) state_ = State::kHeader;
  }
  if (state_ == State::kHeader) num_read += ReadHeader(bytes.substr(num_read));
  if (state_ == State::kBody && num_read < bytes.size()) {
    num_read += ReadBody(bytes.substr(num_read));
  }
  return num_read;
}

size_t RequestReader::ReadHeader(absl::string_view bytes) {
  // One byte past the limit tells a header that fills it from a longer one.
  bytes = bytes.substr(0, limits_.max_header_bytes + 1 - header_.size());
  size_t num_read = 0;
  const HeaderScanner::Result result = scanner_.Scan(bytes, &num_read);
  if (result == HeaderScanner::Result::kMalformed) {
    Refuse(400, "malformed request header");
    return num_read;
  }
  header_.append(bytes.data(), num_read);
  if (header_.size() > limits_.max_header_bytes) {
    Refuse(431, absl::StrCat("the header is longer than ",
                             limits_.max_header_bytes, " bytes"));
  } else if (result == HeaderScanner::Result::kEnd) {
    ParseHeader();
  }
  return num_read;
}

void RequestReader::ParseHeader() {
  const std::string header = std::exchange(header_, {});
  HeaderParser parser;
  parser.header_limit(limits_.max_header_bytes);
  parser.body_limit(limits_.max_body_bytes);
  boost::beast::error_code error;
  parser.put(boost::asio::const_buffer(header.data(), header.size()), error);
  if (error == beast_http::error::body_limit) return RefuseLongBody();
  if (error) {
    return Refuse(400, absl::StrCat("malformed request: ", error.message()));
  }
  CHECK(parser.is_header_done());  // its empty line was there
  TakeHeader(parser);
}

void RequestReader::TakeHeader(HeaderParser& parser) {
  request_ = std::move(parser.request());
  is_http_1_1_ = parser.is_http_1_1();
  keep_alive_ = parser.keep_alive();
  const Refusal refusal = CheckHeaders(request_, is_http_1_1_);
  if (refusal.status != 0) return Refuse(refusal.status, refusal.message);
  RequestTarget target;
  if (!ParseRequestTarget(parser.target(), &target)) {
    return Refuse(400, "malformed request target");
  }
  request_.path = std::move(target.path);
  request_.query = std::move(target.query);
  if (parser.chunked()) chunks_.emplace(limits_.max_body_bytes);
  num_missing_ = parser.content_length().value_or(0);
  state_ = parser.is_done() ? State::kComplete : State::kBody;
  expects_continue_ = is_http_1_1_ && !request_.header("expect").empty();
}

size_t RequestReader::ReadBody(absl::string_view bytes) {
  expects_continue_ = false;
  if (!chunks_) {
    // Nothing is reserved for what was only announced.
    const size_t num_read = std::min<uint64_t>(bytes.size(), num_missing_);
    request_.body.append(bytes.data(), num_read);
    num_missing_ -= num_read;
    if (num_missing_ == 0) state_ = State::kComplete;
    return num_read;
  }
  size_t num_read = 0;
  switch (chunks_->Read(bytes, &num_read, &request_.body)) {
    case ChunkDecoder::Result::kMore:
      break;
    case ChunkDecoder::Result::kEnd:
      state_ = State::kComplete;
      break;
    case ChunkDecoder::Result::kMalformed:
      Refuse(400, "malformed chunk");
      break;
    case ChunkDecoder::Result::kTooLong:
      RefuseLongBody();
      break;
  }
  return num_read;
}

void RequestReader::RefuseLongBody() {
  Refuse(413, absl::StrCat("the body is longer than ", limits_.max_body_bytes,
                           " bytes"));
}

void RequestReader::Refuse(int status, absl::string_view message) {
  state_ = State::kRefused;
  refusal_status_ = status;
  refusal_ = std::string(message);
}

bool RequestReader::TakeExpectation() {
  return state_ == State::kBody && std::exchange(expects_continue_, false);
}

Request RequestReader::TakeRequest() {
  CHECK(state_ == State::kComplete);
  return std::move(request_);
}

}  // namespace tessera::http
