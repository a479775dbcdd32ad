#include "libs/chat_template/lexer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/string_literal.h"
#include "libs/chat_template/utf8.h"

namespace tessera::chat_template {
namespace {

using Kind = Token::Kind;

bool IsNameStart(char c) { return absl::ascii_isalpha(c) || c == '_'; }
bool IsNameCharacter(char c) { return absl::ascii_isalnum(c) || c == '_'; }

class Lexer {
 public:
  explicit Lexer(absl::string_view source)
      : source_(absl::StrReplaceAll(source, {{"\r\n", "\n"}, {"\r", "\n"}})) {
    if (absl::EndsWith(source_, "\n")) source_.pop_back();
  }

  absl::StatusOr<std::vector<Token>> Run() {
    while (position_ < source_.size()) RETURN_IF_ERROR(LexDataAndTag());
    Add(Kind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  absl::string_view Rest() const {
    return absl::string_view(source_).substr(position_);
  }

  void Add(Kind kind, absl::string_view text) {
    tokens_.push_back({kind, std::string(text), line_});
  }

  void Advance(size_t bytes) {
    line_ += std::count(source_.begin() + position_,
                        source_.begin() + position_ + bytes, '\n');
    position_ += bytes;
  }

  void AdvancePastSpace() {
    Advance(SkipSpace(source_, position_) - position_);
  }

  // The next "{{", "{%" or "{#"; the end where there is none.
  size_t FindTag() const {
    for (size_t i = position_; i + 1 < source_.size(); ++i) {
      const char next = source_[i + 1];
      if (source_[i] == '{' && (next == '{' || next == '%' || next == '#')) {
        return i;
      }
    }
    return source_.size();
  }

  // `sign` is the character after the tag's delimiter. Variables keep the
  // white space before them unless told otherwise.
  absl::string_view StripBeforeTag(absl::string_view data, char sign,
                                   bool is_variable) const {
    if (sign == '-') return data.substr(0, EndWithoutSpace(data));
    if (sign == '+' || is_variable) return data;
    const size_t newline = data.rfind('\n');
    if (newline == data.npos && !starts_line_) return data;
    const size_t line = newline == data.npos ? 0 : newline + 1;
    return SkipSpace(data, line) == data.size() ? data.substr(0, line) : data;
  }

  void AddData(absl::string_view data) {
    if (!data.empty()) Add(Kind::kData, data);
  }

  absl::Status LexDataAndTag() {
    const size_t begin = position_;
    const size_t tag = FindTag();
    const absl::string_view data =
        absl::string_view(source_).substr(begin, tag - begin);
    if (tag == source_.size()) {
      AddData(data);
      Advance(data.size());
      return absl::OkStatus();
    }
    const char kind = source_[tag + 1];
    char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    if (sign != '-' && sign != '+') sign = '\0';
    AddData(StripBeforeTag(data, sign, kind == '{'));
    Advance(data.size() + 2 + (sign == '\0' ? 0 : 1));
    starts_line_ = false;
    if (kind == '#') return LexComment();
    if (kind == '{') {
      Add(Kind::kVariableBegin, "");
      return LexTag(Kind::kVariableEnd, "}}");
    }
    if (SkipRawTag("raw")) return LexRaw();
    Add(Kind::kBlockBegin, "");
    return LexTag(Kind::kBlockEnd, "%}");
  }

  // The end of a tag was passed, with `sign` before it: what follows goes.
  void SkipAfterTag(char sign, bool trims_newline) {
    starts_line_ = false;
    const size_t begin = position_;
    if (sign == '-') {
      AdvancePastSpace();
    } else if (sign != '+' && trims_newline && absl::StartsWith(Rest(), "\n")) {
      Advance(1);
    }
    if (position_ > begin) starts_line_ = source_[position_ - 1] == '\n';
  }

  absl::Status LexComment() {
    const size_t end = source_.find("#}", position_);
    if (end == std::string::npos) return ErrorAt(line_, "{# has no #}");
    const char sign = end > position_ ? source_[end - 1] : '\0';
    Advance(end + 2 - position_);
    SkipAfterTag(sign, true);
    return absl::OkStatus();
  }

  // Takes ` name %}` if that is what follows.
  bool SkipRawTag(absl::string_view name) {
    size_t i = SkipSpace(source_, position_);
    if (!absl::StartsWith(absl::string_view(source_).substr(i), name)) {
      return false;
    }
    i = SkipSpace(source_, i + name.size());
    char sign = '\0';
    if (i < source_.size() && (source_[i] == '-' || source_[i] == '+')) {
      sign = source_[i++];
    }
    if (!absl::StartsWith(absl::string_view(source_).substr(i), "%}")) {
      return false;
    }
    if (name == "raw" && sign == '+') return false;
    Advance(i + 2 - position_);
    SkipAfterTag(sign, name == "endraw");
    return true;
  }

  absl::Status LexRaw() {
    const int line = line_;
    const size_t begin = position_;
    const bool starts_line = starts_line_;
    for (size_t tag = source_.find("{%", begin); tag != std::string::npos;
         tag = source_.find("{%", tag + 1)) {
      char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
      if (sign != '-' && sign != '+') sign = '\0';
      position_ = tag + 2 + (sign == '\0' ? 0 : 1);
      if (!SkipRawTag("endraw")) continue;
      const absl::string_view data =
          absl::string_view(source_).substr(begin, tag - begin);
      const bool starts_next_line = std::exchange(starts_line_, starts_line);
      AddData(StripBeforeTag(data, sign, false));
      starts_line_ = starts_next_line;
      line_ += std::count(data.begin(), data.end(), '\n');
      return absl::OkStatus();
    }
    return ErrorAt(line, "{% raw %} has no {% endraw %}");
  }

  // Tokens up to and including `end`, which counts only outside of brackets.
  absl::Status LexTag(Kind kind, absl::string_view end) {
    const int line = line_;
    std::string brackets;
    while (true) {
      AdvancePastSpace();
      if (position_ >= source_.size()) {
        return ErrorAt(line, absl::StrCat("a tag has no ", end));
      }
      const char sign = source_[position_];
      const bool has_sign =
          sign == '-' || (sign == '+' && kind == Kind::kBlockEnd);
      if (brackets.empty() &&
          absl::StartsWith(Rest().substr(has_sign ? 1 : 0), end)) {
        Add(kind, "");
        Advance(end.size() + (has_sign ? 1 : 0));
        SkipAfterTag(has_sign ? sign : '\0', kind == Kind::kBlockEnd);
        return absl::OkStatus();
      }
      RETURN_IF_ERROR(LexToken(&brackets));
    }
  }

  absl::Status LexToken(std::string* brackets) {
    const char c = source_[position_];
    if (IsNameStart(c)) {
      const auto end = std::find_if_not(source_.begin() + position_,
                                        source_.end(), IsNameCharacter);
      const size_t size = end - source_.begin() - position_;
      Add(Kind::kName, Rest().substr(0, size));
      Advance(size);
      return absl::OkStatus();
    }
    if (absl::ascii_isdigit(c)) return LexNumber();
    if (c == '"' || c == '\'') return LexString(c);
    return LexOperator(brackets);
  }

  absl::Status LexNumber() {
    const NumberLiteral number = ScanNumber(Rest(), !AfterDot());
    if (number.size == 0) return ErrorAt(line_, "a number is malformed");
    Add(number.is_float ? Kind::kFloat : Kind::kInteger, number.digits);
    Advance(number.size);
    return absl::OkStatus();
  }

  // In `list.0.1` the digits are two indices.
  bool AfterDot() const {
    return position_ > 0 && source_[position_ - 1] == '.';
  }

  absl::Status LexString(char quote) {
    size_t end = position_ + 1;
    while (end < source_.size() && source_[end] != quote) {
      end += source_[end] == '\\' ? 2 : 1;
    }
    if (end >= source_.size()) return ErrorAt(line_, "a string has no end");
    absl::StatusOr<std::string> text =
        Unescape(Rest().substr(1, end - position_ - 1));
    if (!text.ok()) return ErrorAt(line_, text.status().message());
    Add(Kind::kString, *text);
    Advance(end + 1 - position_);
    return absl::OkStatus();
  }

  absl::Status LexOperator(std::string* brackets) {
    for (const absl::string_view two : {"//", "**", "==", "!=", ">=", "<="}) {
      if (absl::StartsWith(Rest(), two)) {
        Add(Kind::kOperator, two);
        Advance(2);
        return absl::OkStatus();
      }
    }
    const char c = source_[position_];
    constexpr absl::string_view kOpening = "([{";
    constexpr absl::string_view kClosing = ")]}";
    if (kOpening.find(c) != kOpening.npos) {
      brackets->push_back(kClosing[kOpening.find(c)]);
    } else if (kClosing.find(c) != kClosing.npos) {
      if (brackets->empty() || brackets->back() != c) {
        return ErrorAt(line_,
                       absl::StrCat("unexpected '", Rest().substr(0, 1), "'"));
      }
      brackets->pop_back();
    } else if (absl::string_view("+-/*%~><=.:|,;").find(c) ==
               absl::string_view::npos) {
      const size_t size = CodePointAt(source_, position_).size;
      return ErrorAt(line_, absl::StrCat("unexpected character '",
                                         Rest().substr(0, size), "'"));
    }
    Add(Kind::kOperator, Rest().substr(0, 1));
    Advance(1);
    return absl::OkStatus();
  }

  std::string source_;
  size_t position_ = 0;
  int line_ = 1;
  // Whether what was passed last ended with a newline that is part of a tag.
  bool starts_line_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

absl::StatusOr<std::vector<Token>> Tokenize(absl::string_view source) {
  return Lexer(source).Run();
}

absl::Status ErrorAt(int line, absl::string_view words) {
  return absl::InvalidArgumentError(absl::StrCat("line ", line, ": ", words));
}

}  // namespace tessera::chat_template
