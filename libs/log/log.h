// Log: one structured line an event, on standard error.
//
//   log::Event(log::kInfo, "request finished", {{"request_id", id},
//              {"generated_tokens", 17}, {"seconds", 0.25}});
//
//   text: 2026-01-31T10:00:00.123456Z INFO request finished request_id=chat-7
//         generated_tokens=17 seconds=0.25
//   json: {"time":"2026-01-31T10:00:00.123456Z","level":"info",
//          "event":"request finished","request_id":"chat-7",...}
//
// A line is written whole, with one write, whatever else writes; control
// characters and quotes in values are escaped, invalid UTF-8 becomes U+FFFD.
// Never what a user said: prompts and answers stay out unless asked for.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/string_view.h"

namespace tessera::log {

enum class Level : uint8_t { kInfo, kWarning, kError };
inline constexpr Level kInfo = Level::kInfo;
inline constexpr Level kWarning = Level::kWarning;
inline constexpr Level kError = Level::kError;

// kText quotes a value that has spaces, quotes, '=' or anything but ASCII.
enum class Format : uint8_t { kText, kJson };

// Of this process, text by default. Set in main.
void SetFormat(Format format);
// Events below it are dropped; kInfo by default.
void SetLevel(Level level);

class Value {
 public:
  Value(const char* text) : text_(text), is_text_(true) {}
  Value(absl::string_view text) : text_(text), is_text_(true) {}
  Value(const std::string& text) : text_(text), is_text_(true) {}
  Value(bool value) : text_(value ? "true" : "false") {}
  template <typename T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
  Value(T value) : text_(std::to_string(value)) {}
  Value(double value);  // six significant digits; null where not finite

  const std::string& text() const { return text_; }
  bool is_text() const { return is_text_; }

 private:
  std::string text_;
  bool is_text_ = false;
};

using Field = std::pair<absl::string_view, Value>;

void Event(Level level, absl::string_view event,
           std::initializer_list<Field> fields = {});

// The line that Event would write, without its end. For tests.
std::string FormatEvent(Format format, Level level, absl::string_view event,
                        std::initializer_list<Field> fields);

}  // namespace tessera::log
