#include "libs/tokenizer/regex_splitter.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/tokenizer/regex_translation.h"

namespace tessera::tokenizer {
namespace {

// A search first sees this many bytes and may backtrack this many times; each
// grows eightfold when it proves too little. What a search may cost at most,
// the product of both, is charged to the text, so that a pattern that looks far
// ahead or backtracks much from every position is found out. PCRE2's own limit
// alone does not do that: it counts no step of a repeated character.
constexpr size_t kFirstWindow = 64;
constexpr uint32_t kFirstLimit = 32;
constexpr size_t kGrowth = 8;

// What a text may cost; a step takes about a nanosecond. A pattern for words
// costs 2,048 a word.
size_t Budget(size_t num_bytes) { return 4096 * num_bytes + (size_t{1} << 32); }

absl::Status TooSlow() {
  return absl::InvalidArgumentError(
      "the tokenizer's regular expression takes too long on this text");
}

std::string ErrorText(int code) {
  PCRE2_UCHAR text[256] = {};
  pcre2_get_error_message(code, text, sizeof(text));
  return reinterpret_cast<const char*>(text);
}

}  // namespace

struct RegexSplitter::Code {
  explicit Code(pcre2_code* c) : code(c) {}
  ~Code() { pcre2_code_free(code); }
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;

  pcre2_code* const code;
};

namespace {

struct Match {
  size_t begin;
  size_t end;
};

// The matches of one text, one after the other.
class Search {
 public:
  Search(const pcre2_code* code, absl::string_view text)
      : code_(code),
        text_(text),
        budget_(Budget(text.size())),
        data_(pcre2_match_data_create(1, nullptr)),
        context_(pcre2_match_context_create(nullptr)) {}
  ~Search() {
    pcre2_match_context_free(context_);
    pcre2_match_data_free(data_);
  }
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  // The first match at or after `begin`; if there is none, a match of nothing
  // at the end of the text.
  absl::StatusOr<Match> Find(size_t begin) {
    size_t window = kFirstWindow;
    uint32_t limit = kFirstLimit;
    for (;;) {
      const size_t end = std::min(text_.size(), begin + window);
      if (limit * window > budget_) return TooSlow();
      budget_ -= limit * window;
      const int rc = Try(begin, end, limit);
      const PCRE2_SIZE* const match = pcre2_get_ovector_pointer(data_);
      if (rc >= 0) return Match{match[0], match[1]};
      if (rc == PCRE2_ERROR_MATCHLIMIT) {
        limit *= kGrowth;  // below 2^32: the budget ends long before
      } else if (end < text_.size() &&
                 (rc == PCRE2_ERROR_PARTIAL || rc == PCRE2_ERROR_NOMATCH)) {
        window *= kGrowth;
      } else if (rc == PCRE2_ERROR_NOMATCH) {
        return Match{text_.size(), text_.size()};
      } else {
        return absl::InvalidArgumentError(absl::StrCat(
            "the tokenizer's regular expression fails on this text: ",
            ErrorText(rc)));
      }
    }
  }

 private:
  // With the text cut at `end`, PCRE2_ERROR_PARTIAL if the cut could matter.
  int Try(size_t begin, size_t end, uint32_t limit) {
    pcre2_set_match_limit(context_, limit);
    const uint32_t partial = end < text_.size() ? PCRE2_PARTIAL_HARD : 0;
    return pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text_.data()), end,
                       begin, PCRE2_NO_UTF_CHECK | partial, data_, context_);
  }

  const pcre2_code* const code_;
  const absl::string_view text_;
  size_t budget_;
  pcre2_match_data* const data_;
  pcre2_match_context* const context_;
};

}  // namespace

absl::StatusOr<RegexSplitter> RegexSplitter::Create(absl::string_view regex) {
  ASSIGN_OR_RETURN(const std::string translated, TranslateRegex(regex));
  int error = 0;
  PCRE2_SIZE offset = 0;
  const auto code = std::make_shared<const Code>(pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
      PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr));
  if (code->code == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("regular expression: ", ErrorText(error)));
  }
  uint32_t matches_empty = 0;
  pcre2_pattern_info(code->code, PCRE2_INFO_MATCHEMPTY, &matches_empty);
  if (matches_empty != 0) {
    return absl::UnimplementedError(
        "regular expression: one that matches nothing at all is not supported");
  }
  // Without JIT (a hardened kernel may forbid it) it is slower, no more.
  pcre2_jit_compile(code->code, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD);
  return RegexSplitter(code);
}

absl::Status RegexSplitter::Split(absl::string_view text, uint32_t base,
                                  std::vector<uint32_t>* ends) const {
  Search search(code_->code, text);
  for (size_t at = 0; at < text.size();) {
    ASSIGN_OR_RETURN(const Match match, search.Find(at));
    if (match.begin > at) ends->push_back(base + match.begin);
    if (match.end > match.begin) ends->push_back(base + match.end);
    at = match.end;
  }
  return absl::OkStatus();
}

}  // namespace tessera::tokenizer
