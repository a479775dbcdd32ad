#include "libs/tokenizer/regex_splitter.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/tokenizer/regex_translation.h"

namespace tessera::tokenizer {
namespace {

// A search sees this much of the text first, and eight times as much each time
// that it reaches the end of what it sees: so a pattern that looks far ahead
// from every position is found out.
constexpr size_t kFirstWindow = 256;
constexpr size_t kWindowGrowth = 8;

// What a text may cost, in bytes seen by searches: a pattern for words sees
// about kFirstWindow for each word.
size_t Budget(size_t num_bytes) { return 1024 * num_bytes + (size_t{1} << 20); }

// Steps of backtracking in one search.
constexpr uint32_t kMatchLimit = 1'000'000;

struct MatchDataDeleter {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
using MatchData = std::unique_ptr<pcre2_match_data, MatchDataDeleter>;

std::string ErrorText(int code) {
  PCRE2_UCHAR text[256] = {};
  pcre2_get_error_message(code, text, sizeof(text));
  return reinterpret_cast<const char*>(text);
}

}  // namespace

struct RegexSplitter::Code {
  ~Code() {
    pcre2_match_context_free(context);
    pcre2_code_free(code);
  }
  pcre2_code* code = nullptr;
  pcre2_match_context* context = nullptr;

  // The first match at or after `begin`; a piece of no length behind the text
  // if there is none. Charges what it sees to *budget.
  struct Match {
    size_t begin;
    size_t end;
  };
  absl::StatusOr<Match> Find(absl::string_view text, size_t begin,
                             MatchData* data, size_t* budget) const;
};

RegexSplitter::RegexSplitter(std::unique_ptr<const Code> code)
    : code_(std::move(code)) {}
RegexSplitter::~RegexSplitter() = default;

absl::StatusOr<std::unique_ptr<const RegexSplitter>> RegexSplitter::Create(
    absl::string_view regex) {
  ASSIGN_OR_RETURN(const std::string translated, TranslateRegex(regex));
  auto code = std::make_unique<Code>();
  int error = 0;
  PCRE2_SIZE offset = 0;
  code->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()),
                             translated.size(), PCRE2_UTF | PCRE2_UCP, &error,
                             &offset, nullptr);
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
  code->context = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(code->context, kMatchLimit);
  return std::unique_ptr<const RegexSplitter>(
      new RegexSplitter(std::move(code)));
}

absl::StatusOr<RegexSplitter::Code::Match> RegexSplitter::Code::Find(
    absl::string_view text, size_t begin, MatchData* data,
    size_t* budget) const {
  for (size_t window = kFirstWindow;; window *= kWindowGrowth) {
    const size_t end = std::min(text.size(), begin + window);
    if (end - begin > *budget) {
      return absl::InvalidArgumentError(
          "the tokenizer's regular expression takes too long on this text");
    }
    *budget -= end - begin;
    const uint32_t partial = end < text.size() ? PCRE2_PARTIAL_HARD : 0;
    const int rc =
        pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), end, begin,
                    PCRE2_NO_UTF_CHECK | partial, data->get(), context);
    const PCRE2_SIZE* const match = pcre2_get_ovector_pointer(data->get());
    if (rc >= 0) return Match{match[0], match[1]};
    if (rc == PCRE2_ERROR_PARTIAL ||
        (rc == PCRE2_ERROR_NOMATCH && end < text.size()))
      continue;
    if (rc == PCRE2_ERROR_NOMATCH) return Match{text.size(), text.size()};
    return absl::InvalidArgumentError(
        absl::StrCat("the tokenizer's regular expression fails on this text: ",
                     ErrorText(rc)));
  }
}

absl::Status RegexSplitter::Split(absl::string_view text, uint32_t base,
                                  std::vector<uint32_t>* ends) const {
  MatchData data(pcre2_match_data_create(1, nullptr));
  size_t budget = Budget(text.size());
  for (size_t at = 0; at < text.size();) {
    ASSIGN_OR_RETURN(const Code::Match match,
                     code_->Find(text, at, &data, &budget));
    if (match.begin > at) ends->push_back(base + match.begin);
    if (match.end > match.begin) ends->push_back(base + match.end);
    at = match.end;
  }
  return absl::OkStatus();
}

}  // namespace tessera::tokenizer
