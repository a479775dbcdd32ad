#include "libs/tokenizer/random_texts.h"

#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/tokenizer/utf8.h"

namespace tessera::tokenizer {
namespace {

// As in golden_texts.py.
constexpr absl::string_view kWords[] = {
    "the",
    "and",
    "of",
    "token",
    "Hello",
    "World",
    "don't",
    "I'LL",
    "we've",
    "'S",
    "'\xc5\xbf",
    "it's",
    "THE",
    "function",
    "return",
    "__init__",
    "==",
    "->",
    "::",
    "<|",
    "|>",
    "<s>",
    "\xe2\x96\x81",
    "e\xcc\x81",
    "\xc3\xa9",
    "\xef\xac\x81",
    "\xea\xb0\x80",
    "\xe6\x97\xa5\xe6\x9c\xac",
    "\xd8\xa7\xd9\x84",
    "\xe0\xa4\xb9\xe0\xa4\xbf",
    "\xc2\xb2",
    "\xe2\x85\xa7",
    "\xc2\xbd",
    "\xd9\xa3",
    "\xf0\x9d\x9f\x98",
    "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9",
    "\xf0\x9f\x87\xba\xf0\x9f\x87\xb8",
    "\xe2\x84\xab",
    "\xe2\x84\xa6",
    "\xe1\xba\x9b\xcc\xa3",
};
constexpr absl::string_view kSpaces[] = {
    " ",
    " ",
    " ",
    "  ",
    "   ",
    "\x0a",
    "\x0d\x0a",
    "\x0a\x0a",
    "\x09",
    "\x0d",
    "\x0b",
    "\x0c",
    "\xc2\x85",
    "\xc2\xa0",
    "\xe2\x80\xa8",
    "\xe3\x80\x80",
    "\xe1\x9a\x80",
    "\xe1\xa0\x8e",
    "\xe2\x80\x8b",
    "\xe2\x80\xaf",
    " \x0a ",
    "\x0a \x0a",
    "        ",
    "                 ",
};
struct Range {
  char32_t first;
  char32_t last;
};
constexpr Range kRanges[] = {
    {0x0, 0x7F},        {0x80, 0x2FF},       {0x300, 0x36F},
    {0x370, 0x5FF},     {0x900, 0xDFF},      {0x1100, 0x11FF},
    {0x2000, 0x2BFF},   {0x3040, 0x30FF},    {0x4E00, 0x9FFF},
    {0xAC00, 0xD7A3},   {0xE000, 0xFFFF},    {0x10000, 0x1FFFF},
    {0x20000, 0x3FFFF}, {0xE0000, 0x10FFFF},
};

template <typename T, size_t N>
const T& Pick(const T (&values)[N], TextRandom* random) {
  return values[random->Below(N)];
}

void AppendCodePoints(TextRandom* random, std::string* text) {
  const Range& range = Pick(kRanges, random);
  for (uint64_t n = 1 + random->Below(4); n > 0; --n) {
    AppendUtf8(range.first + random->Below(range.last - range.first + 1), text);
  }
}

void AppendPart(TextRandom* random, std::string* text) {
  switch (random->Below(9)) {
    case 0:
      absl::StrAppend(text, Pick(kSpaces, random));
      break;
    case 1:
      absl::StrAppend(text, Pick(kWords, random));
      break;
    case 2:
      absl::StrAppend(text, " ", Pick(kWords, random));
      break;
    case 3:
      for (uint64_t n = 1 + random->Below(9); n > 0; --n) {
        text->push_back("etaoinshrdlu"[random->Below(12)]);
      }
      break;
    case 4:
      for (uint64_t n = 1 + random->Below(7); n > 0; --n) {
        text->push_back(static_cast<char>('0' + random->Below(10)));
      }
      break;
    case 5:
      for (uint64_t n = 1 + random->Below(4); n > 0; --n) {
        text->push_back(static_cast<char>(33 + random->Below(15)));
      }
      break;
    case 6: {
      const char letter = static_cast<char>('a' + random->Below(3));
      text->append(1 + random->Below(40), letter);
      break;
    }
    case 7:
      text->push_back(static_cast<char>(random->Below(256)));
      break;
    default:
      AppendCodePoints(random, text);
  }
}

}  // namespace

uint64_t TextRandom::Below(uint64_t n) {
  state_ += 0x9E3779B97F4A7C15u;
  uint64_t z = state_;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return (z ^ z >> 31) % n;
}

std::string RandomText(TextRandom* random) {
  std::string text;
  for (uint64_t n = random->Below(13); n > 0; --n) AppendPart(random, &text);
  return text;
}

}  // namespace tessera::tokenizer
