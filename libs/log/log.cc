#include "libs/log/log.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "libs/log/escape.h"

namespace tessera::log {
namespace {

std::atomic<Format> format{Format::kText};
std::atomic<Level> lowest_level{Level::kInfo};

std::string Time() {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::Now(),
                          absl::UTCTimeZone());
}

absl::string_view UpperName(Level level) {
  switch (level) {
    case Level::kInfo:
      return "INFO";
    case Level::kWarning:
      return "WARNING";
    case Level::kError:
      return "ERROR";
  }
  return "UNKNOWN";
}

absl::string_view LowerName(Level level) {
  switch (level) {
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "unknown";
}

std::string FormatText(Level level, absl::string_view event,
                       std::initializer_list<Field> fields) {
  std::string line = absl::StrCat(Time(), " ", UpperName(level), " ");
  AppendEscaped(event, &line);
  for (const auto& [name, value] : fields) {
    absl::StrAppend(&line, " ", name, "=");
    if (value.is_text() && NeedsQuotes(value.text())) {
      AppendQuoted(value.text(), &line);
    } else {
      line.append(value.text());
    }
  }
  return line;
}

std::string FormatJson(Level level, absl::string_view event,
                       std::initializer_list<Field> fields) {
  std::string line = absl::StrCat("{\"time\":\"", Time(), "\",\"level\":\"",
                                  LowerName(level), "\",\"event\":");
  AppendQuoted(event, &line);
  for (const auto& [name, value] : fields) {
    line.push_back(',');
    AppendQuoted(name, &line);
    line.push_back(':');
    if (value.is_text()) {
      AppendQuoted(value.text(), &line);
    } else {
      line.append(value.text());
    }
  }
  line.push_back('}');
  return line;
}

}  // namespace

void SetFormat(Format value) { format.store(value); }

void SetLevel(Level level) { lowest_level.store(level); }

Value::Value(double value)
    : text_(std::isfinite(value) ? absl::StrFormat("%.6g", value) : "null") {}

std::string FormatEvent(Format format, Level level, absl::string_view event,
                        std::initializer_list<Field> fields) {
  return format == Format::kJson ? FormatJson(level, event, fields)
                                 : FormatText(level, event, fields);
}

void Event(Level level, absl::string_view event,
           std::initializer_list<Field> fields) {
  if (level < lowest_level.load(std::memory_order_relaxed)) return;
  std::string line = FormatEvent(format.load(), level, event, fields);
  line.push_back('\n');
  // One write, so that lines of several threads, or processes, do not mix. A
  // log that cannot be written is nobody's reason to stop.
  while (::write(STDERR_FILENO, line.data(), line.size()) < 0 &&
         errno == EINTR) {
  }
}

}  // namespace tessera::log
