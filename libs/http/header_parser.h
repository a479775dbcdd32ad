// HeaderParser: Beast's parser, made to fill in a Request up to its body.
//
// Includes Boost: for request_reader.cc alone.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "boost/beast/http/basic_parser.hpp"
#include "libs/http/message.h"

namespace tessera::http {

class HeaderParser : public boost::beast::http::basic_parser<true> {
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
  void on_field_impl(boost::beast::http::field, Text name, Text value,
                     ErrorCode& error) override {
    request_.headers.emplace_back(absl::AsciiStrToLower(View(name)),
                                  std::string(View(value)));
    error = {};
  }
  void on_header_impl(ErrorCode& error) override { error = {}; }
  void on_finish_impl(ErrorCode& error) override { error = {}; }

  // Pure in the base, which is given no body, and no response.
  void on_response_impl(int, Text, int, ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&,
                         ErrorCode&) override {}
  size_t on_body_impl(Text, ErrorCode&) override { return 0; }
  void on_chunk_header_impl(uint64_t, Text, ErrorCode&) override {}
  size_t on_chunk_body_impl(uint64_t, Text, ErrorCode&) override { return 0; }

  Request request_;
  std::string target_;
  int version_ = 0;
};

}  // namespace tessera::http
