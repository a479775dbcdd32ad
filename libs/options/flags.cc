#include "libs/options/flags.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "libs/options/config_file.h"
#include "libs/options/nearest.h"
#include "libs/options/values.h"

namespace tessera::options {

namespace internal {

Flag IntFlag(absl::string_view name, std::optional<int64_t> value, int64_t min,
             int64_t max, absl::string_view help,
             std::function<void(int64_t)> assign) {
  return {.name = std::string(name),
          .value_word = "N",
          .default_text = value ? absl::StrCat(*value) : "",
          .help = std::string(help),
          .set = [min, max, assign](absl::string_view text) -> absl::Status {
            ASSIGN_OR_RETURN(const int64_t v, ParseInt(text, min, max));
            assign(v);
            return absl::OkStatus();
          }};
}

Flag RealFlag(absl::string_view name, std::optional<double> value, double min,
              double max, absl::string_view help,
              std::function<void(double)> assign) {
  return {.name = std::string(name),
          .value_word = "X",
          .default_text = value ? absl::StrCat(*value) : "",
          .help = std::string(help),
          .set = [min, max, assign](absl::string_view text) -> absl::Status {
            ASSIGN_OR_RETURN(const double v, ParseReal(text, min, max));
            assign(v);
            return absl::OkStatus();
          }};
}

}  // namespace internal

Flags::Flags(absl::string_view command, absl::string_view summary)
    : command_(command), summary_(summary) {
  Text("config", &config_file_, "FILE",
       "YAML that maps these flags' names to values; a flag here wins over it");
}

Flag& Flags::Custom(Flag flag) {
  CHECK(Find(flag.name) == nullptr) << flag.name << " is declared twice";
  flags_.push_back(std::move(flag));
  return flags_.back();
}

Flag& Flags::Switch(absl::string_view name, bool* value,
                    absl::string_view help) {
  return Custom({.name = std::string(name),
                 .default_text = *value ? "true" : "",
                 .help = std::string(help),
                 .set = [value](absl::string_view text) -> absl::Status {
                   ASSIGN_OR_RETURN(*value, ParseSwitch(text));
                   return absl::OkStatus();
                 }});
}

Flag& Flags::Uint64(absl::string_view name, std::optional<uint64_t>* value,
                    absl::string_view help) {
  return Custom({.name = std::string(name),
                 .value_word = "N",
                 .default_text = *value ? absl::StrCat(**value) : "",
                 .help = std::string(help),
                 .set = [value](absl::string_view text) -> absl::Status {
                   ASSIGN_OR_RETURN(*value, ParseUint64(text));
                   return absl::OkStatus();
                 }});
}

Flag& Flags::Text(absl::string_view name, std::string* value,
                  absl::string_view value_word, absl::string_view help) {
  return Custom({.name = std::string(name),
                 .value_word = std::string(value_word),
                 .default_text = *value,
                 .help = std::string(help),
                 .set = [value](absl::string_view text) {
                   *value = std::string(text);
                   return absl::OkStatus();
                 }});
}

Flag& Flags::Texts(absl::string_view name, std::vector<std::string>* values,
                   absl::string_view value_word, absl::string_view help) {
  return Custom({.name = std::string(name),
                 .value_word = std::string(value_word),
                 .default_text = absl::StrJoin(*values, ", "),
                 .help = absl::StrCat(help, "; may be repeated"),
                 .set =
                     [values](absl::string_view text) {
                       values->emplace_back(text);
                       return absl::OkStatus();
                     },
                 .clear = [values] { values->clear(); }});
}

Flag& Flags::Ints(absl::string_view name, std::vector<int>* values, int min,
                  int max, absl::string_view help) {
  return Custom(
      {.name = std::string(name),
       .value_word = "N,...",
       .default_text = absl::StrJoin(*values, ","),
       .help = std::string(help),
       .set = [values, min, max](absl::string_view text) -> absl::Status {
         for (absl::string_view item : absl::StrSplit(text, ',')) {
           ASSIGN_OR_RETURN(const int64_t v, ParseInt(item, min, max));
           values->push_back(static_cast<int>(v));
         }
         return absl::OkStatus();
       },
       .clear = [values] { values->clear(); }});
}

Flag& Flags::Bytes(absl::string_view name, int64_t* value, int64_t min,
                   int64_t max, absl::string_view help) {
  return Custom({.name = std::string(name),
                 .value_word = "BYTES",
                 .default_text = absl::StrCat(*value),
                 .help = std::string(help),
                 .set = [=](absl::string_view text) -> absl::Status {
                   ASSIGN_OR_RETURN(*value, ParseBytes(text, min, max));
                   return absl::OkStatus();
                 }});
}

Flag& Flags::Time(absl::string_view name, absl::Duration* value,
                  absl::Duration min, absl::Duration max,
                  absl::string_view help) {
  return Custom({.name = std::string(name),
                 .value_word = "TIME",
                 .default_text = absl::FormatDuration(*value),
                 .help = std::string(help),
                 .set = [=](absl::string_view text) -> absl::Status {
                   ASSIGN_OR_RETURN(*value, ParseDuration(text, min, max));
                   return absl::OkStatus();
                 }});
}

Flag& Flags::ChoiceOfWords(absl::string_view name,
                           std::vector<std::string> words,
                           std::string default_word, absl::string_view help,
                           std::function<void(size_t)> choose) {
  std::string word = absl::StrJoin(words, "|");
  return Custom({.name = std::string(name),
                 .value_word = word,
                 .default_text = std::move(default_word),
                 .help = std::string(help),
                 .set = [words = std::move(words), word,
                         choose](absl::string_view text) -> absl::Status {
                   const auto found =
                       std::find(words.begin(), words.end(), text);
                   if (found == words.end()) {
                     return absl::InvalidArgumentError(absl::StrCat(
                         "expected ", absl::StrReplaceAll(word, {{"|", ", "}}),
                         ", got \"", text, "\""));
                   }
                   choose(found - words.begin());
                   return absl::OkStatus();
                 }});
}

void Flags::Positional(absl::string_view word, std::string* value,
                       absl::string_view help) {
  positionals_.push_back({std::string(word), value, std::string(help)});
}

}  // namespace tessera::options
