// Request and Response: what a server reads and what it answers.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace tessera::http {

using Header = std::pair<std::string, std::string>;

struct Request {
  std::string method;           // "GET"
  std::string path;             // percent-decoded, without the query
  std::string query;            // after '?', as sent
  std::vector<Header> headers;  // names in lower case, trailers left out
  std::string body;
  std::string peer;  // "127.0.0.1:5000"

  // The first header of that name; empty where there is none.
  absl::string_view header(absl::string_view lower_case_name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";  // empty: none
  std::vector<Header> headers;                    // more of them
  std::string body;
};

}  // namespace tessera::http
