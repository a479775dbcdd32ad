// RequestParser: Beast's parser, made to fill in a Request.
//
// Includes Boost: for request_reader.cc alone.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "boost/beast/http/basic_parser.hpp"
#include "libs/http/message.h"

namespace tessera::http {

class RequestParser : public boost::beast::http::basic_parser<true> {
 public:
  Request& request() { return request_; }
  const std::string& target() const { return target_; }
  bool is_http_1_1() const { return version_ == 11; }

 private:
  using ErrorCode = boost::beast::error_code;
  using Text = boost::beast::string_view;

  static absl::string_view View(Text text) {
    return absl::string_view(text.data(), text.size());
  }

  void on_request_impl(boost::beast::http::verb, Text method, Text target,
                       int version, ErrorCode& error) override {
    request_.method = std::string(View(method));
    target_ = std::string(View(target));
    version_ = version;
    error = {};
  }
  // Pure in the base, which never calls it for requests.
  void on_response_impl(int, Text, int, ErrorCode&) override {}
  void on_field_impl(boost::beast::http::field, Text name, Text value,
                     ErrorCode& error) override {
    error = {};
    // A trailer could otherwise pose as a header that was checked before.
    if (header_done_) return;
    request_.headers.emplace_back(absl::AsciiStrToLower(View(name)),
                                  std::string(View(value)));
  }
  void on_header_impl(ErrorCode& error) override {
    header_done_ = true;
    error = {};
  }
  // Nothing is reserved for a body that was only announced.
  void on_body_init_impl(const boost::optional<uint64_t>&,
                         ErrorCode& error) override {
    error = {};
  }
  size_t on_body_impl(Text bytes, ErrorCode& error) override {
    request_.body.append(bytes.data(), bytes.size());
    error = {};
    return bytes.size();
  }
  void on_chunk_header_impl(uint64_t, Text, ErrorCode& error) override {
    error = {};
  }
  size_t on_chunk_body_impl(uint64_t, Text bytes, ErrorCode& error) override {
    return on_body_impl(bytes, error);
  }
  void on_finish_impl(ErrorCode& error) override { error = {}; }

  Request request_;
  std::string target_;
  int version_ = 0;
  bool header_done_ = false;
};

}  // namespace tessera::http
