#include "libs/tokenizer/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "libs/base/check.h"
#include "libs/tokenizer/utf8.h"

namespace tessera::tokenizer {
namespace {

// Marks, and a pair with its composition, that Unicode got after version 9. The
// judge, Hugging Face's NFC, does not know them and leaves them where they are;
// utf8proc, of version 15, would not.
struct Range {
  char32_t first;
  char32_t last;  // inclusive
};
constexpr Range kUnknownToJudge[] = {
    {0x7fd, 0x7fd},     {0x898, 0x89f},     {0x8ca, 0x8d3},
    {0x9fe, 0x9fe},     {0xc3c, 0xc3c},     {0xd3b, 0xd3c},
    {0xeba, 0xeba},     {0x1715, 0x1715},   {0x1abf, 0x1ace},
    {0x1df6, 0x1dfa},   {0xa82c, 0xa82c},   {0x10d24, 0x10d27},
    {0x10eab, 0x10eac}, {0x10efd, 0x10eff}, {0x10f46, 0x10f50},
    {0x10f82, 0x10f85}, {0x11070, 0x11070}, {0x1133b, 0x1133b},
    {0x1145e, 0x1145e}, {0x11839, 0x1183a}, {0x11930, 0x11930},
    {0x11938, 0x11938}, {0x1193d, 0x1193e}, {0x11943, 0x11943},
    {0x119e0, 0x119e0}, {0x11a34, 0x11a34}, {0x11a47, 0x11a47},
    {0x11a99, 0x11a99}, {0x11d42, 0x11d42}, {0x11d44, 0x11d45},
    {0x11d97, 0x11d97}, {0x11f41, 0x11f42}, {0x16ff0, 0x16ff1},
    {0x1e08f, 0x1e08f}, {0x1e130, 0x1e136}, {0x1e2ae, 0x1e2ae},
    {0x1e2ec, 0x1e2ef}, {0x1e4ec, 0x1e4ef},
};

bool IsUnknownToJudge(char32_t c) {
  const Range* const range = std::lower_bound(
      std::begin(kUnknownToJudge), std::end(kUnknownToJudge), c,
      [](const Range& r, char32_t value) { return r.last < value; });
  return range != std::end(kUnknownToJudge) && c >= range->first;
}

int CombiningClass(char32_t c) {
  const int combining_class = utf8proc_get_property(c)->combining_class;
  return combining_class != 0 && IsUnknownToJudge(c) ? 0 : combining_class;
}

// Below U+0300 nothing combines with what stands before it and every character
// is its own composition.
constexpr char32_t kFirstCombining = 0x300;

// True for a character that composition leaves alone whatever stands before it:
// text may be cut in front of it.
bool IsBoundary(char32_t c) {
  if (c < kFirstCombining) return true;
  // Jamo join by arithmetic, so utf8proc's table does not show it. U+11A7 joins
  // nothing, though utf8proc would swallow it behind a syllable.
  if (c >= 0x1100 && c <= 0x11FF) return c == 0x11A7;
  const utf8proc_property_t& property = *utf8proc_get_property(c);
  const bool is_plain = property.combining_class == 0 &&
                        property.comb_index == UINT16_MAX &&
                        property.decomp_seqindex == UINT16_MAX;
  return is_plain || IsUnknownToJudge(c);
}

void AppendDecomposed(char32_t c, std::vector<utf8proc_int32_t>* out) {
  constexpr int kMaxDecomposed = 32;  // Unicode's longest is 4
  utf8proc_int32_t buffer[kMaxDecomposed];
  int last_boundary_class = 0;
  const auto n = utf8proc_decompose_char(
      c, buffer, kMaxDecomposed, UTF8PROC_DECOMPOSE, &last_boundary_class);
  CHECK(n > 0 && n <= kMaxDecomposed) << "utf8proc_decompose_char: " << n;
  out->insert(out->end(), buffer, buffer + n);
}

// Sorts each run of marks by class. utf8proc sorts by insertion, which takes
// minutes for a megabyte of marks.
void OrderMarks(std::vector<utf8proc_int32_t>* text) {
  for (auto it = text->begin(); it != text->end();) {
    if (CombiningClass(*it) == 0) {
      ++it;
      continue;
    }
    const auto end = std::find_if(
        it, text->end(), [](char32_t c) { return CombiningClass(c) == 0; });
    std::stable_sort(it, end, [](char32_t a, char32_t b) {
      return CombiningClass(a) < CombiningClass(b);
    });
    it = end;
  }
}

void AppendComposed(absl::string_view text, std::string* composed) {
  std::vector<utf8proc_int32_t> code_points;
  while (!text.empty()) {
    const CodePoint c = DecodeValid(text.data());
    AppendDecomposed(c.value, &code_points);
    text.remove_prefix(c.num_bytes);
  }
  OrderMarks(&code_points);
  const auto n = utf8proc_normalize_utf32(
      code_points.data(), code_points.size(),
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  CHECK(n >= 0) << "utf8proc_normalize_utf32: " << n;
  for (int64_t i = 0; i < n; ++i) AppendUtf8(code_points[i], composed);
}

// The start of the next character that is no boundary, or the end of `text`;
// *boundary is the start of the character before it.
size_t FindNonBoundary(absl::string_view text, size_t begin, size_t* boundary) {
  *boundary = begin;
  while (begin < text.size()) {
    const CodePoint c = DecodeValid(text.data() + begin);
    if (!IsBoundary(c.value)) break;
    *boundary = begin;
    begin += c.num_bytes;
  }
  return begin;
}

size_t FindBoundary(absl::string_view text, size_t begin) {
  while (begin < text.size()) {
    const CodePoint c = DecodeValid(text.data() + begin);
    if (IsBoundary(c.value)) break;
    begin += c.num_bytes;
  }
  return begin;
}

}  // namespace

bool ComposeNfc(absl::string_view text, std::string* composed) {
  size_t boundary;
  size_t end = FindNonBoundary(text, 0, &boundary);
  if (end == text.size()) return false;
  composed->clear();
  for (size_t done = 0; done < text.size();) {
    composed->append(text.data() + done, boundary - done);
    const size_t segment_end = FindBoundary(text, end);
    AppendComposed(text.substr(boundary, segment_end - boundary), composed);
    done = segment_end;
    end = FindNonBoundary(text, done, &boundary);
    if (end == text.size()) {
      composed->append(text.data() + done, end - done);
      break;
    }
  }
  return true;
}

}  // namespace tessera::tokenizer
