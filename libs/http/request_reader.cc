#include "libs/http/request_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "boost/beast/http/error.hpp"
#include "libs/base/check.h"
#include "libs/http/request_parser.h"
#include "libs/http/request_target.h"

namespace tessera::http {
namespace {

namespace beast_http = boost::beast::http;

// More than any client sends; each costs some 100 bytes while it is kept.
constexpr size_t kMaxHeaders = 200;
// A chunk's size and extensions, or all trailers.
constexpr size_t kMaxChunkHeadBytes = 8 << 10;

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

RequestReader::RequestReader(const RequestLimits& limits) : limits_(limits) {}

RequestReader::~RequestReader() = default;

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
  bytes = bytes.substr(0, limits_.max_header_bytes + 1 - unparsed_.size());
  size_t num_read = 0;
  const HeaderScanner::Result result = scanner_.Scan(bytes, &num_read);
  if (result == HeaderScanner::Result::kMalformed) {
    Refuse(400, "malformed request header");
    return num_read;
  }
  unparsed_.append(bytes.data(), num_read);
  if (unparsed_.size() > limits_.max_header_bytes) {
    Refuse(431, absl::StrCat("the header is longer than ",
                             limits_.max_header_bytes, " bytes"));
  } else if (result == HeaderScanner::Result::kEnd) {
    FinishHeader();
  }
  return num_read;
}

void RequestReader::FinishHeader() {
  parser_ = std::make_unique<RequestParser>();
  parser_->eager(true);
  parser_->header_limit(limits_.max_header_bytes);
  parser_->body_limit(limits_.max_body_bytes);
  const std::string header = std::exchange(unparsed_, {});
  Parse(header);
  if (state_ == State::kRefused) return;
  if (!parser_->is_header_done()) return Refuse(400, "malformed request");
  Request& request = parser_->request();
  const Refusal refusal = CheckHeaders(request, is_http_1_1());
  if (refusal.status != 0) return Refuse(refusal.status, refusal.message);
  RequestTarget target;
  if (!ParseRequestTarget(parser_->target(), &target)) {
    return Refuse(400, "malformed request target");
  }
  request.path = std::move(target.path);
  request.query = std::move(target.query);
  if (parser_->is_done()) {
    state_ = State::kComplete;
    return;
  }
  state_ = State::kBody;
  expects_continue_ = is_http_1_1() && !request.header("expect").empty();
}

size_t RequestReader::ReadBody(absl::string_view bytes) {
  expects_continue_ = false;
  const size_t num_before = unparsed_.size();
  if (num_before > 0) {
    unparsed_.append(bytes.data(), bytes.size());
    bytes = unparsed_;
  }
  const size_t num_parsed = Parse(bytes);
  if (state_ == State::kRefused) return bytes.size() - num_before;
  if (parser_->is_done()) {
    // What was kept before was the beginning of a chunk's head, so the end of
    // the request lies past it.
    CHECK(num_parsed >= num_before);
    unparsed_.clear();
    state_ = State::kComplete;
    return num_parsed - num_before;
  }
  const size_t num_new = bytes.size() - num_before;
  unparsed_ = std::string(bytes.substr(num_parsed));
  if (unparsed_.size() > kMaxChunkHeadBytes) {
    Refuse(400, "a chunk's extensions or the trailers are too long");
  }
  return num_new;
}

size_t RequestReader::Parse(absl::string_view bytes) {
  boost::beast::error_code error;
  const size_t num_parsed = parser_->put(
      boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  if (!error || error == beast_http::error::need_more) return num_parsed;
  if (error == beast_http::error::body_limit) {
    Refuse(413, absl::StrCat("the body is longer than ", limits_.max_body_bytes,
                             " bytes"));
  } else {
    Refuse(400, absl::StrCat("malformed request: ", error.message()));
  }
  return num_parsed;
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
  return std::move(parser_->request());
}

bool RequestReader::keep_alive() const { return parser_->keep_alive(); }

bool RequestReader::is_http_1_1() const { return parser_->is_http_1_1(); }

}  // namespace tessera::http
