#include "libs/tokenizer/word_scanner.h"

#include <array>

#include "libs/tokenizer/unicode_class.h"
#include "libs/tokenizer/utf8.h"

namespace tessera::tokenizer {
namespace {

constexpr absl::string_view kGpt2Regex =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr absl::string_view kLlama3Regex =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr absl::string_view kQwen2Regex =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr uint8_t kWordClasses = kLetter | kNumber | kSpace;

// ClassOf for the first 128 code points, in the reader's own cache line.
struct AsciiClasses {
  std::array<uint8_t, 128> of = {};
};
constexpr AsciiClasses MakeAsciiClasses() {
  AsciiClasses classes;
  for (int c = 0; c < 128; ++c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool is_space = c == ' ' || (c >= '\t' && c <= '\r');
    const bool is_number = c >= '0' && c <= '9';
    classes.of[c] = is_letter   ? kLetter
                    : is_number ? kNumber
                    : is_space  ? kSpace
                                : 0;
  }
  return classes;
}
constexpr AsciiClasses kAscii = MakeAsciiClasses();

bool IsNewline(char c) { return c == '\r' || c == '\n'; }

// A position in valid UTF-8.
struct Cursor {
  const char* p;
  const char* end;

  bool AtEnd() const { return p == end; }
  // Letter, number, space or none of them (0).
  uint8_t Class(int* num_bytes) const {
    const uint8_t lead = *p;
    if (lead < 0x80) {
      *num_bytes = 1;
      return kAscii.of[lead];
    }
    const CodePoint c = DecodeValid(p);
    *num_bytes = c.num_bytes;
    return ClassOf(c.value) & kWordClasses;
  }
  // Past the characters of class `wanted`, at most `limit` of them.
  void Skip(uint8_t wanted, size_t limit = SIZE_MAX) {
    for (int num_bytes; limit > 0 && p != end && Class(&num_bytes) == wanted;
         --limit) {
      p += num_bytes;
    }
  }
};

// What follows the apostrophe at `p`: 's 't 're 've 'm 'll 'd; the end of it,
// or `p` where none stands.
template <bool kIgnoreCase>
const char* SkipContraction(const char* p, const char* end) {
  const auto at = [&](int i) -> char {
    if (end - p <= i) return '\0';
    const char c = p[i];
    return kIgnoreCase && c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
  };
  const char first = at(1), second = at(2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd')
    return p + 2;
  if ((first == 'r' || first == 'v') && second == 'e') return p + 3;
  if (first == 'l' && second == 'l') return p + 3;
  // U+017F, the long s, is an s to whom ignores case.
  if (kIgnoreCase && end - p >= 3 && p[1] == '\xC5' && p[2] == '\xBF')
    return p + 3;
  return p;
}

// The end of the white space at `p` as \s+(?!\S)|\s+ matches it: all of it at
// the end of the text, else all but the last character, but at least one.
// With kNewlines, \s*[\r\n]+ goes first: up to the last newline.
template <bool kNewlines>
const char* SkipSpaces(const char* p, const char* end) {
  Cursor cursor{p, end};
  const char* last = p;
  const char* after_newline = nullptr;
  for (int num_bytes; !cursor.AtEnd() && cursor.Class(&num_bytes) == kSpace;) {
    last = cursor.p;
    cursor.p += num_bytes;
    if (kNewlines && IsNewline(*last)) after_newline = cursor.p;
  }
  if (after_newline != nullptr) return after_newline;
  return cursor.AtEnd() || last == p ? cursor.p : last;
}

const char* Gpt2WordEnd(const char* p, const char* end) {
  if (*p == '\'') {
    if (const char* q = SkipContraction<false>(p, end); q != p) return q;
  }
  Cursor cursor{p + (*p == ' '), end};
  if (cursor.AtEnd()) return end;
  int num_bytes;
  const uint8_t word_class = cursor.Class(&num_bytes);
  if (word_class == kSpace) return SkipSpaces<false>(p, end);
  cursor.Skip(word_class);
  return cursor.p;
}

template <size_t kMaxNumbers>
const char* Llama3WordEnd(const char* p, const char* end) {
  if (*p == '\'') {
    if (const char* q = SkipContraction<true>(p, end); q != p) return q;
  }
  Cursor cursor{p, end};
  int num_bytes;
  const uint8_t first = cursor.Class(&num_bytes);
  if (first == kNumber) {
    cursor.Skip(kNumber, kMaxNumbers);
    return cursor.p;
  }
  if (first == kLetter || !IsNewline(*p)) {
    cursor.p += num_bytes;
    const char* const letters = cursor.p;
    cursor.Skip(kLetter);
    if (first == kLetter || cursor.p != letters) return cursor.p;
  }
  cursor.p = p + (*p == ' ');
  const char* const others = cursor.p;
  cursor.Skip(0);
  if (cursor.p == others) return SkipSpaces<true>(p, end);
  while (!cursor.AtEnd() && IsNewline(*cursor.p)) ++cursor.p;
  return cursor.p;
}

template <const char* (*kWordEnd)(const char*, const char*)>
void Scan(absl::string_view text, uint32_t base, std::vector<uint32_t>* ends) {
  const char* const end = text.data() + text.size();
  for (const char* p = text.data(); p != end;) {
    p = kWordEnd(p, end);
    ends->push_back(base + static_cast<uint32_t>(p - text.data()));
  }
}

}  // namespace

absl::string_view RegexOf(WordPattern pattern) {
  switch (pattern) {
    case WordPattern::kGpt2:
      return kGpt2Regex;
    case WordPattern::kLlama3:
      return kLlama3Regex;
    case WordPattern::kQwen2:
      return kQwen2Regex;
  }
  return "";
}

std::optional<WordPattern> KnownWordPattern(absl::string_view regex) {
  for (const WordPattern pattern :
       {WordPattern::kGpt2, WordPattern::kLlama3, WordPattern::kQwen2}) {
    if (regex == RegexOf(pattern)) return pattern;
  }
  return std::nullopt;
}

void ScanWords(WordPattern pattern, absl::string_view text, uint32_t base,
               std::vector<uint32_t>* ends) {
  switch (pattern) {
    case WordPattern::kGpt2:
      return Scan<Gpt2WordEnd>(text, base, ends);
    case WordPattern::kLlama3:
      return Scan<Llama3WordEnd<3>>(text, base, ends);
    case WordPattern::kQwen2:
      return Scan<Llama3WordEnd<1>>(text, base, ends);
  }
}

}  // namespace tessera::tokenizer
