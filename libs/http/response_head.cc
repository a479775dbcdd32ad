#include "libs/http/response_head.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tessera::http {
namespace {

absl::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Other";  // may be anything, clients go by the number
  }
}

void AppendHeader(absl::string_view name, absl::string_view value,
                  std::string* head) {
  absl::StrAppend(head, name, ": ");
  for (const char c : value) {
    const bool is_control =
        (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f;
    head->push_back(is_control ? ' ' : c);
  }
  head->append("\r\n");
}

std::string HttpDate() {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::Now(),
                          absl::UTCTimeZone());
}

}  // namespace

bool IsBodiless(int status) {
  return status < 200 || status == 204 || status == 304;
}

std::string FormatHead(const Response& response, const AnswerFraming& framing) {
  std::string head = absl::StrCat("HTTP/1.1 ", response.status, " ",
                                  ReasonPhrase(response.status), "\r\n");
  AppendHeader("Date", HttpDate(), &head);
  if (!IsBodiless(response.status)) {
    if (!response.content_type.empty()) {
      AppendHeader("Content-Type", response.content_type, &head);
    }
    if (framing.content_length) {
      AppendHeader("Content-Length", absl::StrCat(*framing.content_length),
                   &head);
    } else if (framing.is_chunked) {
      AppendHeader("Transfer-Encoding", "chunked", &head);
    }
  }
  for (const auto& [name, value] : response.headers) {
    AppendHeader(name, value, &head);
  }
  if (framing.close) {
    AppendHeader("Connection", "close", &head);
  } else if (framing.say_keep_alive) {
    AppendHeader("Connection", "keep-alive", &head);
  }
  head.append("\r\n");
  return head;
}

void AppendChunk(absl::string_view piece, std::string* bytes) {
  char size[16];
  char* digit = size + sizeof(size);
  *--digit = '\n';
  *--digit = '\r';
  for (size_t rest = piece.size(); rest > 0; rest >>= 4) {
    *--digit = "0123456789abcdef"[rest & 15];
  }
  bytes->append(digit, size + sizeof(size) - digit);
  bytes->append(piece.data(), piece.size());
  bytes->append("\r\n");
}

}  // namespace tessera::http
