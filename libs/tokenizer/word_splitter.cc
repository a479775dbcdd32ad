#include "libs/tokenizer/word_splitter.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "libs/tokenizer/unicode_class.h"
#include "libs/tokenizer/utf8.h"

namespace tessera::tokenizer {
namespace {

// Ends a word before and after each number, or each run of numbers.
void SplitNumbers(bool each_alone, absl::string_view text, uint32_t base,
                  std::vector<uint32_t>* ends) {
  bool was_number = false;
  for (size_t i = 0; i < text.size();) {
    const uint8_t lead = text[i];
    int num_bytes = 1;
    bool is_number = lead >= '0' && lead <= '9';
    if (lead >= 0x80) {
      const CodePoint c = DecodeValid(text.data() + i);
      num_bytes = c.num_bytes;
      is_number = (ClassOf(c.value) & kDigitsSplit) != 0;
    }
    if (i > 0 && (is_number != was_number || (is_number && each_alone))) {
      ends->push_back(base + i);
    }
    was_number = is_number;
    i += num_bytes;
  }
  ends->push_back(base + text.size());
}

// Ends a word before each U+2581, or before those that follow another one.
void SplitMarkers(bool each_alone, absl::string_view text, uint32_t base,
                  std::vector<uint32_t>* ends) {
  const absl::string_view marker = kSpaceMarker;
  size_t run_end = 0;  // of the markers seen last
  for (size_t i = text.find(marker); i != absl::string_view::npos;
       i = text.find(marker, i)) {
    if (i > 0 && (each_alone || i != run_end)) ends->push_back(base + i);
    i += marker.size();
    run_end = i;
  }
  ends->push_back(base + text.size());
}

}  // namespace

absl::StatusOr<WordSplitter> WordSplitter::Create(
    const std::vector<SplitStep>& steps) {
  WordSplitter splitter;
  for (const SplitStep& step : steps) {
    Step made{step.kind, std::nullopt, std::nullopt};
    if (step.kind == SplitStep::Kind::kPattern) {
      made.known = KnownWordPattern(step.pattern);
      if (!made.known.has_value()) {
        ASSIGN_OR_RETURN(made.regex, RegexSplitter::Create(step.pattern));
      }
    }
    splitter.steps_.push_back(std::move(made));
  }
  return splitter;
}

absl::Status WordSplitter::Apply(const Step& step, absl::string_view piece,
                                 uint32_t base, std::vector<uint32_t>* ends) {
  switch (step.kind) {
    case SplitStep::Kind::kPattern:
      if (step.regex.has_value()) return step.regex->Split(piece, base, ends);
      ScanWords(*step.known, piece, base, ends);
      break;
    case SplitStep::Kind::kEachNumber:
    case SplitStep::Kind::kNumberRuns:
      SplitNumbers(step.kind == SplitStep::Kind::kEachNumber, piece, base,
                   ends);
      break;
    case SplitStep::Kind::kBeforeEachMarker:
    case SplitStep::Kind::kBeforeMarkedWords:
      SplitMarkers(step.kind == SplitStep::Kind::kBeforeEachMarker, piece, base,
                   ends);
      break;
  }
  return absl::OkStatus();
}

absl::Status WordSplitter::Split(absl::string_view text,
                                 std::vector<uint32_t>* ends) const {
  ends->clear();
  if (text.empty()) return absl::OkStatus();
  ends->push_back(text.size());
  std::vector<uint32_t> pieces;
  for (const Step& step : steps_) {
    pieces.swap(*ends);
    ends->clear();
    uint32_t begin = 0;
    for (const uint32_t end : pieces) {
      RETURN_IF_ERROR(
          Apply(step, text.substr(begin, end - begin), begin, ends));
      begin = end;
    }
  }
  return absl::OkStatus();
}

}  // namespace tessera::tokenizer
