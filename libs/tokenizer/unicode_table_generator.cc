// Prints the tables that unicode_class.h declares, from PCRE2's Unicode data:
// a build step, so that no process pays for it and no big table is in the tree.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "libs/base/check.h"
#include "libs/tokenizer/unicode_additions.h"
#include "libs/tokenizer/unicode_class.h"
#include "libs/tokenizer/utf8.h"

namespace tessera::tokenizer {
namespace {

constexpr uint32_t kNumCodePoints = 0x110000;
using Classes = std::vector<uint8_t>;  // [kNumCodePoints]

void AddRange(char32_t first, char32_t last, uint8_t bits, Classes* classes) {
  for (char32_t c = first; c <= last; ++c) (*classes)[c] |= bits;
}

// Sets `bits` where PCRE2 says that the code point has `property`.
void AddProperty(const char* property, uint8_t bits, Classes* classes) {
  int error;
  PCRE2_SIZE offset;
  pcre2_code* code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(property),
                    std::strlen(property), PCRE2_UTF, &error, &offset, nullptr);
  CHECK(code != nullptr) << property;
  pcre2_match_data* match = pcre2_match_data_create(1, nullptr);
  std::string text;
  for (uint32_t c = 0; c < kNumCodePoints; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;  // not in any valid text
    text.clear();
    AppendUtf8(c, &text);
    const int rc =
        pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()),
                    text.size(), 0, PCRE2_NO_UTF_CHECK, match, nullptr);
    CHECK(rc > 0 || rc == PCRE2_ERROR_NOMATCH) << "pcre2_match: " << rc;
    if (rc > 0) (*classes)[c] |= bits;
  }
  pcre2_match_data_free(match);
  pcre2_code_free(code);
}

Classes MakeClasses() {
  Classes classes(kNumCodePoints);
  AddProperty("\\p{L}", kLetter, &classes);
  AddProperty("\\p{N}", kNumber | kDigitsSplit, &classes);
  AddProperty("\\p{P}", kPunctuation, &classes);
  for (const UnicodeRange& range : kUnicodeAdditions) {
    const std::map<char, uint8_t> bits = {
        {'L', kLetter}, {'N', kNumber | kDigitsSplit}, {'P', kPunctuation}};
    const auto it = bits.find(range.category[0]);
    if (it != bits.end())
      AddRange(range.first, range.last, it->second, &classes);
  }
  for (const UnicodeRange& range : kNumericOnlyForDigits) {
    AddRange(range.first, range.last, kDigitsSplit, &classes);
  }
  for (const WhiteSpaceRange& range : kWhiteSpace) {
    AddRange(range.first, range.last, kSpace, &classes);
  }
  return classes;
}

void PrintArray(const char* declaration, const std::vector<uint8_t>& values) {
  std::printf("extern const uint8_t %s = {", declaration);
  for (size_t i = 0; i < values.size(); ++i) {
    std::printf("%s%d,", i % 32 == 0 ? "\n" : "", values[i]);
  }
  std::printf("\n};\n");
}

void PrintTables() {
  const Classes classes = MakeClasses();
  std::map<std::vector<uint8_t>, uint8_t> known;
  std::vector<uint8_t> index, blocks;
  for (auto it = classes.begin(); it != classes.end();
       it += kUnicodeBlockSize) {
    const std::vector<uint8_t> block(it, it + kUnicodeBlockSize);
    const auto [entry, is_new] = known.emplace(block, known.size());
    CHECK(known.size() <= 256) << "an index of 8 bits is too narrow";
    if (is_new) blocks.insert(blocks.end(), block.begin(), block.end());
    index.push_back(entry->second);
  }
  std::printf("#include \"libs/tokenizer/unicode_class.h\"\n");
  std::printf("namespace tessera::tokenizer {\n");
  PrintArray("kUnicodeBlockIndex[]", index);
  PrintArray("kUnicodeBlocks[]", blocks);
  std::printf("}  // namespace tessera::tokenizer\n");
}

}  // namespace
}  // namespace tessera::tokenizer

int main() {
  tessera::tokenizer::PrintTables();
  return 0;
}
