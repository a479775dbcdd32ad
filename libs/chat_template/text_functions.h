// Python's string functions over texts that keep their bytes' origins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/chat_template/budget.h"
#include "libs/chat_template/text.h"

namespace tessera::chat_template {

// All are charged to the budget, and fail as it does.

enum class Side { kLeft, kRight, kBoth };

// strip, lstrip, rstrip: of white space, or of the characters of `characters`
// where it is not null.
absl::StatusOr<Text> Strip(const Text& text, Side side, const Text* characters,
                           Budget* budget);

// Each character becomes one other; those that Python makes several of (the
// German sharp s) stay as they are.
// The caller charges a step for so many bytes.
inline constexpr size_t kBytesChangedInAStep = 8;
Text Upper(const Text& text);
Text Lower(const Text& text);
Text Capitalize(const Text& text);
Text Title(const Text& text);

// The byte where `wanted` begins at or after `begin`, or npos: in linear time.
size_t Find(absl::string_view bytes, absl::string_view wanted,
            size_t begin = 0);
// The byte where the last `wanted` begins, or npos.
size_t FindLast(absl::string_view bytes, absl::string_view wanted);

// A negative count or limit: no limit.
absl::StatusOr<Text> Replace(const Text& text, const Text& old_text,
                             const Text& new_text, int64_t count,
                             Budget* budget);
// By `separator`, not empty; by runs of white space where it is null.
absl::StatusOr<std::vector<Text>> Split(const Text& text, const Text* separator,
                                        int64_t max_splits, Budget* budget);
// The same, the splits counted from the right.
absl::StatusOr<std::vector<Text>> SplitFromRight(const Text& text,
                                                 const Text* separator,
                                                 int64_t max_splits,
                                                 Budget* budget);
// At every line boundary that Python knows.
absl::StatusOr<std::vector<Text>> SplitLines(const Text& text, bool keeps_ends,
                                             Budget* budget);

}  // namespace tessera::chat_template
