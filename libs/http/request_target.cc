#include "libs/http/request_target.h"

#include "absl/strings/match.h"

namespace tessera::http {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool PercentDecode(absl::string_view text, std::string* decoded) {
  decoded->reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded->push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return false;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return false;
    decoded->push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return true;
}

// What proxies are sent, and every server has to take (RFC 9112, 3.2.2).
absl::string_view WithoutAuthority(absl::string_view text) {
  if (!absl::StartsWithIgnoreCase(text, "http://")) return text;
  text.remove_prefix(7);
  const size_t end = text.find_first_of("/?");
  return end == absl::string_view::npos ? "/" : text.substr(end);
}

}  // namespace

bool ParseRequestTarget(absl::string_view text, RequestTarget* target) {
  text = WithoutAuthority(text);
  const size_t question = text.find('?');
  if (question != absl::string_view::npos) {
    target->query = std::string(text.substr(question + 1));
    text = text.substr(0, question);
  }
  if (text.empty()) text = "/";  // "http://host?query"
  if (text[0] != '/' && text != "*") return false;
  return PercentDecode(text, &target->path);
}

}  // namespace tessera::http
