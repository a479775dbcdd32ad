#include "libs/tokenizer/regex_translation.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/status_macros.h"
#include "libs/tokenizer/unicode_additions.h"
#include "libs/tokenizer/utf8.h"

namespace tessera::tokenizer {
namespace {

constexpr size_t kMaxRegexBytes = 4096;
constexpr int kMaxDepth = 16;
constexpr int kMaxOpenRepetitions = 2;
// A repetition of more than this counts as open-ended.
constexpr int kMaxCount = 16;

void AppendRange(char32_t first, char32_t last, std::string* out) {
  absl::StrAppendFormat(out, "\\x{%x}-\\x{%x}", static_cast<uint32_t>(first),
                        static_cast<uint32_t>(last));
}

// The inside of a class [...] that matches white space, or all else.
std::string SpaceSet(bool negated) {
  std::string set;
  char32_t next = 0;
  for (const WhiteSpaceRange& range : kWhiteSpace) {
    if (negated && range.first > next) AppendRange(next, range.first - 1, &set);
    if (!negated) AppendRange(range.first, range.last, &set);
    next = range.last + 1;
  }
  if (negated) AppendRange(next, 0x10FFFF, &set);
  return set;
}

// The inside of a class [...] that matches a general category: "L", "Lu".
std::string CategorySet(absl::string_view category) {
  std::string set = absl::StrCat("\\p{", category, "}");
  for (const UnicodeRange& range : kUnicodeAdditions) {
    if (absl::StartsWith(range.category, category))
      AppendRange(range.first, range.last, &set);
  }
  return set;
}

class Translator {
 public:
  explicit Translator(absl::string_view regex) : regex_(regex) {}

  absl::StatusOr<std::string> Run() {
    if (regex_.size() > kMaxRegexBytes)
      return Refuse(absl::StrCat("more than ", kMaxRegexBytes, " bytes"));
    if (!IsValidUtf8(regex_)) return Refuse("text that is not UTF-8");
    while (at_ < regex_.size()) RETURN_IF_ERROR(Item());
    if (!groups_.empty()) return Refuse("a group without its end");
    return EndAlternatives(&top_) <= kMaxOpenRepetitions
               ? absl::StatusOr<std::string>(std::move(out_))
               : Refuse("more than two open-ended repetitions in a row");
  }

 private:
  // Open-ended repetitions in a group's alternatives.
  struct Group {
    bool ignores_case = false;
    int current = 0;  // in the alternative that is under way
    int most = 0;     // in those before it
  };

  absl::Status Refuse(absl::string_view what) const {
    return absl::UnimplementedError(absl::StrCat(
        "regular expression, offset ", at_, ": ", what, " is not supported"));
  }
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < regex_.size() ? regex_[at_ + ahead] : '\0';
  }
  Group* Top() { return groups_.empty() ? &top_ : &groups_.back(); }
  static int EndAlternatives(Group* group) {
    return std::max(group->most, group->current);
  }

  // One atom with its repetition, or a bar.
  absl::Status Item() {
    switch (Peek()) {
      case '|':
        Top()->most = EndAlternatives(Top());
        Top()->current = 0;
        return Copy(1);
      case '(':
        return OpenGroup();
      case ')':
        return CloseGroup();
      case '[':
        RETURN_IF_ERROR(Class());
        return Repetition();
      case '\\':
        RETURN_IF_ERROR(Escape(/*in_class=*/false));
        return Repetition();
      case '^':
      case '$':
      case '*':
      case '+':
      case '?':
      case '{':
      case '}':
      case ']':
        return Refuse(absl::StrCat("\"", std::string(1, Peek()), "\" here"));
      default:
        RETURN_IF_ERROR(Copy(DecodeValid(regex_.data() + at_).num_bytes));
        return Repetition();
    }
  }

  absl::Status Copy(size_t n) {
    absl::StrAppend(&out_, regex_.substr(at_, n));
    at_ += n;
    return absl::OkStatus();
  }

  absl::Status OpenGroup() {
    constexpr absl::string_view kOpeners[] = {
        "(?:", "(?i:", "(?=", "(?!", "(?<=", "(?<!"};
    if (groups_.size() == kMaxDepth) return Refuse("a deeper group");
    Group group;
    group.ignores_case = Top()->ignores_case;
    absl::string_view opener = "(";
    for (const absl::string_view known : kOpeners) {
      if (absl::StartsWith(regex_.substr(at_), known)) opener = known;
    }
    if (opener == "(" && Peek(1) == '?') return Refuse("this kind of group");
    if (opener == "(?i:") group.ignores_case = true;
    groups_.push_back(group);
    return Copy(opener.size());
  }

  absl::Status CloseGroup() {
    if (groups_.empty()) return Refuse("\")\" here");
    const int open = EndAlternatives(&groups_.back());
    groups_.pop_back();
    Top()->current += open;
    RETURN_IF_ERROR(Copy(1));
    if (Peek() == '?') RETURN_IF_ERROR(Copy(1));
    if (Peek() == '*' || Peek() == '+' || Peek() == '?' || Peek() == '{') {
      return Refuse("a repeated group");
    }
    return absl::OkStatus();
  }

  // ? * + {m} {m,} {m,n}, each perhaps lazy, the first three perhaps
  // possessive.
  absl::Status Repetition() {
    const char c = Peek();
    if (c == '{') {
      RETURN_IF_ERROR(Counts());
      // Oniguruma would repeat the repetition.
      if (Peek() == '+') return Refuse("\"+\" after a count");
    } else if (c == '?' || c == '*' || c == '+') {
      if (c != '?') ++Top()->current;
      RETURN_IF_ERROR(Copy(1));
      if (Peek() == '+') return Copy(1);
    } else {
      return absl::OkStatus();
    }
    if (Peek() == '?') return Copy(1);
    if (Peek() == '*' || Peek() == '{') return Refuse("a repeated repetition");
    return absl::OkStatus();
  }

  absl::Status Counts() {
    const size_t close = regex_.find('}', at_);
    if (close == absl::string_view::npos)
      return Refuse("\"{\" without its end");
    const absl::string_view counts = regex_.substr(at_ + 1, close - at_ - 1);
    const size_t comma = counts.find(',');
    const bool has_comma = comma != absl::string_view::npos;
    const absl::string_view most =
        has_comma ? counts.substr(comma + 1) : counts;
    int min, max = 0;
    if (!absl::SimpleAtoi(counts.substr(0, comma), &min) ||
        (!most.empty() && !absl::SimpleAtoi(most, &max)) || min < 0 ||
        max < 0 || min > 1000 || max > 1000 || (!has_comma && most.empty())) {
      return Refuse(absl::StrCat("the count {", counts, "}"));
    }
    if (most.empty() || max > kMaxCount || min > kMaxCount) ++Top()->current;
    return Copy(counts.size() + 2);
  }

  absl::Status Class() {
    RETURN_IF_ERROR(Copy(1));
    if (Peek() == '^') RETURN_IF_ERROR(Copy(1));
    if (Peek() == ']') return Refuse("an empty class");
    while (Peek() != ']') {
      if (at_ >= regex_.size()) return Refuse("a class without its end");
      if (Peek() == '[') return Refuse("a class in a class");
      if (Peek() == '&' && Peek(1) == '&')
        return Refuse("an intersection of classes");
      if (Peek() == '\\') {
        RETURN_IF_ERROR(Escape(/*in_class=*/true));
      } else {
        RETURN_IF_ERROR(Copy(DecodeValid(regex_.data() + at_).num_bytes));
      }
    }
    return Copy(1);
  }

  // A set that an escape stands for, in its own class or within one.
  absl::Status AppendSet(bool in_class, bool negated, const std::string& set,
                         size_t num_bytes) {
    at_ += num_bytes;
    absl::StrAppend(&out_,
                    in_class  ? ""
                    : negated ? "[^"
                              : "[",
                    set, in_class ? "" : "]");
    return absl::OkStatus();
  }

  absl::Status Escape(bool in_class) {
    const char c = Peek(1);
    if (c == 's') return AppendSet(in_class, false, SpaceSet(false), 2);
    if (c == 'S') return AppendSet(in_class, false, SpaceSet(true), 2);
    if (c == 'd') return AppendSet(in_class, false, CategorySet("Nd"), 2);
    if (c == 'p' || c == 'P') return Property(in_class);
    if (c == 'r' || c == 'n' || c == 't') return Copy(2);
    if (c == 'u' || c == 'x') return Code();
    if (absl::ascii_ispunct(c)) return Copy(2);
    return Refuse(absl::StrCat(
        "\"\\", std::string(1, absl::ascii_isprint(c) ? c : '?'), "\""));
  }

  absl::Status Property(bool in_class) {
    const bool negated = Peek(1) == 'P';
    const size_t close = regex_.find('}', at_);
    const absl::string_view name =
        Peek(2) == '{' && close != absl::string_view::npos
            ? regex_.substr(at_ + 3, close - at_ - 3)
            : "";
    const bool is_category = !name.empty() && name.size() <= 2 &&
                             absl::StrContains("LMNPSZC", name[0]) &&
                             (name.size() == 1 || absl::ascii_islower(name[1]));
    if (!is_category) return Refuse("a property that is no general category");
    if (negated && in_class) return Refuse("\\P in a class");
    if (Top()->ignores_case && name[0] == 'L')
      return Refuse("a letter's category where case is ignored");
    return AppendSet(in_class, negated, CategorySet(name), close + 1 - at_);
  }

  // \uHHHH, \xHH and \x{H...}.
  absl::Status Code() {
    const bool braces = Peek(1) == 'x' && Peek(2) == '{';
    const size_t digits_at = at_ + (braces ? 3 : 2);
    const size_t close =
        braces ? regex_.find('}', at_) : digits_at + (Peek(1) == 'u' ? 4 : 2);
    uint32_t code = 0;
    const bool fits = close != absl::string_view::npos &&
                      close <= regex_.size() && close > digits_at;
    if (!fits ||
        !absl::SimpleHexAtoi(regex_.substr(digits_at, close - digits_at),
                             &code) ||
        code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
      return Refuse("this code point");
    }
    absl::StrAppendFormat(&out_, "\\x{%x}", code);
    at_ = close + (braces ? 1 : 0);
    return absl::OkStatus();
  }

  const absl::string_view regex_;
  size_t at_ = 0;
  std::string out_;
  Group top_;
  std::vector<Group> groups_;
};

}  // namespace

absl::StatusOr<std::string> TranslateRegex(absl::string_view regex) {
  return Translator(regex).Run();
}

}  // namespace tessera::tokenizer
