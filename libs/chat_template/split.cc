// Split, SplitFromRight and SplitLines of text_functions.h.
#include <algorithm>
#include <string>

#include "libs/base/status_macros.h"
#include "libs/chat_template/text_functions.h"
#include "libs/chat_template/utf8.h"

namespace tessera::chat_template {
namespace {

// The parts found so far.
class Parts {
 public:
  Parts(const Text& text, Budget* budget) : text_(text), budget_(budget) {}

  absl::Status Add(size_t begin, size_t end) {
    parts_.push_back(text_.Part(begin, end));
    return budget_->Allocate(sizeof(Text) + parts_.back().allocated_bytes());
  }

  std::vector<Text> Take() { return std::move(parts_); }
  std::vector<Text> TakeReversed() {
    std::reverse(parts_.begin(), parts_.end());
    return std::move(parts_);
  }

 private:
  const Text& text_;
  Budget* budget_;
  std::vector<Text> parts_;
};

bool IsSpaceAt(absl::string_view bytes, size_t i) {
  return IsSpace(CodePointAt(bytes, i).value);
}

bool IsLineEnd(uint32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 ||
         c == 0x2028 || c == 0x2029;
}

absl::StatusOr<std::vector<Text>> SplitBySpace(const Text& text,
                                               int64_t max_splits,
                                               Budget* budget) {
  Parts parts(text, budget);
  absl::string_view bytes = text.bytes();
  size_t i = SkipSpace(bytes);
  while (i < bytes.size()) {
    size_t end = i;
    if (max_splits-- == 0) {
      // Python leaves the white space at the very end of the last part.
      RETURN_IF_ERROR(parts.Add(i, bytes.size()));
      break;
    }
    while (end < bytes.size() && !IsSpaceAt(bytes, end)) {
      end += CodePointAt(bytes, end).size;
    }
    RETURN_IF_ERROR(parts.Add(i, end));
    i = SkipSpace(bytes, end);
  }
  return parts.Take();
}

absl::StatusOr<std::vector<Text>> SplitBySpaceFromRight(const Text& text,
                                                        int64_t max_splits,
                                                        Budget* budget) {
  Parts parts(text, budget);
  absl::string_view bytes = text.bytes();
  size_t end = EndWithoutSpace(bytes);
  while (end > 0) {
    size_t begin = end;
    if (max_splits-- == 0) {
      RETURN_IF_ERROR(parts.Add(0, end));
      break;
    }
    while (begin > 0 && !IsSpaceAt(bytes, LastCharacter(bytes, begin))) {
      begin = LastCharacter(bytes, begin);
    }
    RETURN_IF_ERROR(parts.Add(begin, end));
    end = EndWithoutSpace(bytes.substr(0, begin));
  }
  return parts.TakeReversed();
}

}  // namespace

absl::StatusOr<std::vector<Text>> Split(const Text& text, const Text* separator,
                                        int64_t max_splits, Budget* budget) {
  RETURN_IF_ERROR(budget->Read(text.size()));
  if (separator == nullptr) return SplitBySpace(text, max_splits, budget);
  Parts parts(text, budget);
  size_t begin = 0;
  while (max_splits-- != 0) {
    const size_t found = Find(text.bytes(), separator->bytes(), begin);
    if (found == absl::string_view::npos) break;
    RETURN_IF_ERROR(parts.Add(begin, found));
    begin = found + separator->size();
  }
  RETURN_IF_ERROR(parts.Add(begin, text.size()));
  return parts.Take();
}

absl::StatusOr<std::vector<Text>> SplitFromRight(const Text& text,
                                                 const Text* separator,
                                                 int64_t max_splits,
                                                 Budget* budget) {
  RETURN_IF_ERROR(budget->Allocate(text.size()));
  if (separator == nullptr) {
    return SplitBySpaceFromRight(text, max_splits, budget);
  }
  // The search goes forward over the reversed bytes.
  Parts parts(text, budget);
  const std::string bytes(text.bytes().rbegin(), text.bytes().rend());
  const std::string wanted(separator->bytes().rbegin(),
                           separator->bytes().rend());
  size_t passed = 0;
  while (max_splits-- != 0) {
    const size_t found = Find(bytes, wanted, passed);
    if (found == absl::string_view::npos) break;
    RETURN_IF_ERROR(parts.Add(text.size() - found, text.size() - passed));
    passed = found + wanted.size();
  }
  RETURN_IF_ERROR(parts.Add(0, text.size() - passed));
  return parts.TakeReversed();
}

absl::StatusOr<std::vector<Text>> SplitLines(const Text& text, bool keeps_ends,
                                             Budget* budget) {
  Parts parts(text, budget);
  absl::string_view bytes = text.bytes();
  RETURN_IF_ERROR(budget->Read(bytes.size()));
  size_t begin = 0;
  for (size_t i = 0; i < bytes.size();) {
    const CodePoint c = CodePointAt(bytes, i);
    size_t next = i + c.size;
    if (IsLineEnd(c.value)) {
      if (c.value == '\r' && next < bytes.size() && bytes[next] == '\n') ++next;
      RETURN_IF_ERROR(parts.Add(begin, keeps_ends ? next : i));
      begin = next;
    }
    i = next;
  }
  if (begin < bytes.size()) RETURN_IF_ERROR(parts.Add(begin, bytes.size()));
  return parts.Take();
}

}  // namespace tessera::chat_template
