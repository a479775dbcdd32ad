// Command lines and configuration files into Options structs.
//
//   struct Options { int max_tokens = 256; std::string model; };
//
//   Options options;
//   Flags flags("tessera complete", "Continues a text.");
//   flags.Int("max-tokens", &options.max_tokens, 1, 1 << 20, "tokens at most");
//   flags.Text("model", &options.model, "FILE", "the model, GGUF");
//   RETURN_IF_ERROR(flags.Parse(args));
//   if (flags.help_requested()) return Print(flags.Help());
//
// The pointed-to fields hold the defaults and are overwritten by Parse; they
// must outlive it. Nothing is global: a program has as many sets as it likes.
//
// --flag=value and --flag value are the same; a switch stands alone or takes
// =true or =false; `--` ends the flags. Every set of flags has --help, and
// --config FILE: YAML that maps flag names (with dashes or underscores) to
// values. A flag on the command line wins over the file. A flag named twice
// keeps its last value, unless it collects values (Texts, Ints, Custom).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace tessera::options {

// One flag. `set` reads a value; `clear`, where there is one, empties what the
// flag collects before the first value from a new place.
struct Flag {
  std::string name;        // without dashes
  char short_name = 0;     // -p, or 0 where there is none
  std::string value_word;  // for --help: FILE, N; empty for a switch
  std::string default_text;
  std::string help;
  std::function<absl::Status(absl::string_view)> set;
  std::function<void()> clear;

  Flag& Short(char letter) {
    short_name = letter;
    return *this;
  }
};

namespace internal {
template <typename T>
struct Unwrap {
  using type = T;
  static std::optional<T> Get(const T& value) { return value; }
};
template <typename T>
struct Unwrap<std::optional<T>> {
  using type = T;
  static std::optional<T> Get(const std::optional<T>& value) { return value; }
};
}  // namespace internal

class Flags {
 public:
  // command: as typed ("tessera complete"). summary: sentences for --help.
  Flags(absl::string_view command, absl::string_view summary);

  Flag& Switch(absl::string_view name, bool* value, absl::string_view help);
  // T: an integer type or an optional of one. Values in [min, max].
  template <typename T>
  Flag& Int(absl::string_view name, T* value, int64_t min, int64_t max,
            absl::string_view help);
  // The same where an Options' Validate() knows the range.
  template <typename T>
  Flag& Int(absl::string_view name, T* value, absl::string_view help) {
    using V = std::numeric_limits<typename internal::Unwrap<T>::type>;
    return Int(name, value, V::min(), V::max(), help);
  }
  // Any 64 bits.
  Flag& Uint64(absl::string_view name, std::optional<uint64_t>* value,
               absl::string_view help);
  // T: float, double, or an optional of one. Values in [min, max].
  template <typename T>
  Flag& Real(absl::string_view name, T* value, double min, double max,
             absl::string_view help);
  template <typename T>
  Flag& Real(absl::string_view name, T* value, absl::string_view help) {
    using V = std::numeric_limits<typename internal::Unwrap<T>::type>;
    return Real(name, value, V::lowest(), V::max(), help);
  }
  Flag& Text(absl::string_view name, std::string* value,
             absl::string_view value_word, absl::string_view help);
  // Collects; each value is one text, commas and all.
  Flag& Texts(absl::string_view name, std::vector<std::string>* values,
              absl::string_view value_word, absl::string_view help);
  // Collects; each value is a list with commas.
  Flag& Ints(absl::string_view name, std::vector<int>* values, int min, int max,
             absl::string_view help);
  Flag& Bytes(absl::string_view name, int64_t* value, int64_t min, int64_t max,
              absl::string_view help);
  Flag& Time(absl::string_view name, absl::Duration* value, absl::Duration min,
             absl::Duration max, absl::string_view help);
  // One of a few words, each with its value.
  template <typename T>
  Flag& Choice(absl::string_view name, T* value,
               std::vector<std::pair<std::string, T>> choices,
               absl::string_view help);
  // Anything else.
  Flag& Custom(Flag flag);

  // One more argument without a dash, in order of declaration; optional: an
  // Options' Validate() says if it may be empty.
  void Positional(absl::string_view word, std::string* value,
                  absl::string_view help);

  // args: without the program's and the command's names. InvalidArgument names
  // the flag (or the file, line and key), what it takes and what came, and the
  // nearest flag where there is none of that name. Values that preceded an
  // error are set.
  absl::Status Parse(absl::Span<const std::string> args);

  // Whether --help was among the arguments; then nothing else was looked at.
  bool help_requested() const { return help_requested_; }
  std::string Help() const;

 private:
  struct PositionalArgument {
    std::string word;
    std::string* value;
    std::string help;
  };
  struct Setting {
    Flag* flag;
    std::string value;
    std::string origin;  // "--top-k", or "tessera.yaml:3: top_k"
  };

  Flag* Find(absl::string_view name);
  Flag* FindShort(char letter);
  absl::Status Unknown(absl::string_view origin, absl::string_view name) const;
  Flag& ChoiceOfWords(absl::string_view name, std::vector<std::string> words,
                      std::string default_word, absl::string_view help,
                      std::function<void(size_t)> choose);
  absl::Status ReadArguments(absl::Span<const std::string> args,
                             std::vector<Setting>* settings);
  absl::Status ReadConfig(std::vector<Setting>* settings);
  static absl::Status Apply(const std::vector<Setting>& settings);

  const std::string command_;
  const std::string summary_;
  std::deque<Flag> flags_;  // a deque: references to flags stay valid
  std::vector<PositionalArgument> positionals_;
  std::string config_file_;
  bool help_requested_ = false;
};

namespace internal {
Flag IntFlag(absl::string_view name, std::optional<int64_t> value, int64_t min,
             int64_t max, absl::string_view help,
             std::function<void(int64_t)> assign);
Flag RealFlag(absl::string_view name, std::optional<double> value, double min,
              double max, absl::string_view help,
              std::function<void(double)> assign);
}  // namespace internal

template <typename T>
Flag& Flags::Int(absl::string_view name, T* value, int64_t min, int64_t max,
                 absl::string_view help) {
  using V = typename internal::Unwrap<T>::type;
  static_assert(std::is_integral_v<V>);
  return Custom(
      internal::IntFlag(name, internal::Unwrap<T>::Get(*value), min, max, help,
                        [value](int64_t v) { *value = static_cast<V>(v); }));
}

template <typename T>
Flag& Flags::Real(absl::string_view name, T* value, double min, double max,
                  absl::string_view help) {
  using V = typename internal::Unwrap<T>::type;
  static_assert(std::is_floating_point_v<V>);
  return Custom(
      internal::RealFlag(name, internal::Unwrap<T>::Get(*value), min, max, help,
                         [value](double v) { *value = static_cast<V>(v); }));
}

template <typename T>
Flag& Flags::Choice(absl::string_view name, T* value,
                    std::vector<std::pair<std::string, T>> choices,
                    absl::string_view help) {
  std::vector<std::string> words;
  std::string default_word;
  for (const auto& [word, choice] : choices) {
    words.push_back(word);
    if (choice == *value) default_word = word;
  }
  return ChoiceOfWords(
      name, std::move(words), std::move(default_word), help,
      [value, choices](size_t index) { *value = choices[index].second; });
}

}  // namespace tessera::options
