#include "libs/chat_template/text_functions.h"

#include <string.h>  // memmem

#include <string>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/chat_template/utf8.h"

namespace tessera::chat_template {
namespace {

constexpr size_t kNowhere = absl::string_view::npos;

// Whether `bytes` holds the character whole.
bool Holds(absl::string_view bytes, absl::string_view character) {
  for (size_t i = 0; i < bytes.size();) {
    const size_t size = CodePointAt(bytes, i).size;
    if (bytes.substr(i, size) == character) return true;
    i += size;
  }
  return false;
}

// change(character, the one before it or 0) for each character.
template <typename Change>
Text Changed(const Text& text, Change change) {
  Text result;
  uint32_t before = 0;
  size_t i = 0;
  for (const Text::Run& run : text.runs()) {
    // A character does not reach from one origin into another.
    const absl::string_view bytes = text.bytes().substr(0, run.end);
    std::string changed;
    changed.reserve(run.end - i);
    while (i < run.end) {
      const CodePoint c = CodePointAt(bytes, i);
      // What is not UTF-8 stays.
      if (c.value == 0xFFFD) {
        changed.append(bytes.data() + i, c.size);
      } else {
        AppendCodePoint(change(c.value, before), &changed);
      }
      before = c.value;
      i += c.size;
    }
    result.Append(changed, run.origin);
  }
  return result;
}

}  // namespace

absl::StatusOr<Text> Strip(const Text& text, Side side, const Text* characters,
                           Budget* budget) {
  RETURN_IF_ERROR(budget->Allocate(text.allocated_bytes()));
  absl::string_view bytes = text.bytes();
  const auto goes = [&](size_t begin, size_t size) -> absl::StatusOr<bool> {
    if (characters == nullptr) return IsSpace(CodePointAt(bytes, begin).value);
    RETURN_IF_ERROR(budget->Read(characters->size()));
    return Holds(characters->bytes(), bytes.substr(begin, size));
  };
  size_t begin = 0;
  size_t end = bytes.size();
  while (side != Side::kRight && begin < end) {
    const size_t size = CodePointAt(bytes, begin).size;
    ASSIGN_OR_RETURN(const bool first_goes, goes(begin, size));
    if (!first_goes) break;
    begin += size;
  }
  while (side != Side::kLeft && begin < end) {
    const size_t last = LastCharacter(bytes, end);
    ASSIGN_OR_RETURN(const bool last_goes, goes(last, end - last));
    if (!last_goes) break;
    end = last;
  }
  return text.Part(begin, end);
}

Text Upper(const Text& text) {
  return Changed(text, [](uint32_t c, uint32_t) { return ToUpper(c); });
}

Text Lower(const Text& text) {
  return Changed(text, [](uint32_t c, uint32_t) { return ToLower(c); });
}

Text Capitalize(const Text& text) {
  bool is_first = true;
  return Changed(text, [&](uint32_t c, uint32_t) {
    return std::exchange(is_first, false) ? ToUpper(c) : ToLower(c);
  });
}

Text Title(const Text& text) {
  return Changed(text, [](uint32_t c, uint32_t before) {
    return IsLetter(before) ? ToLower(c) : ToUpper(c);
  });
}

size_t Find(absl::string_view bytes, absl::string_view wanted, size_t begin) {
  if (begin > bytes.size()) return kNowhere;
  if (wanted.empty()) return begin;
  // memmem takes linear time; string_view::find may not.
  const void* found = memmem(bytes.data() + begin, bytes.size() - begin,
                             wanted.data(), wanted.size());
  if (found == nullptr) return kNowhere;
  return static_cast<const char*>(found) - bytes.data();
}

size_t FindLast(absl::string_view bytes, absl::string_view wanted) {
  const std::string reversed(bytes.rbegin(), bytes.rend());
  const std::string reversed_wanted(wanted.rbegin(), wanted.rend());
  const size_t found = Find(reversed, reversed_wanted);
  return found == kNowhere ? kNowhere : bytes.size() - found - wanted.size();
}

absl::StatusOr<Text> Replace(const Text& text, const Text& old_text,
                             const Text& new_text, int64_t count,
                             Budget* budget) {
  Text result;
  absl::string_view bytes = text.bytes();
  RETURN_IF_ERROR(budget->Allocate(text.allocated_bytes()));
  size_t begin = 0;
  size_t search = 0;
  while (count != 0) {
    const size_t found = Find(bytes, old_text.bytes(), search);
    if (found == kNowhere) break;
    --count;
    RETURN_IF_ERROR(
        budget->Allocate(new_text.allocated_bytes() + sizeof(Text::Run)));
    result.AppendPart(text, begin, found);
    result.Append(new_text);
    begin = found + old_text.size();
    search = begin;
    if (old_text.empty()) {
      if (found == bytes.size()) break;
      search = found + CodePointAt(bytes, found).size;
    }
  }
  result.AppendPart(text, begin, bytes.size());
  return result;
}

}  // namespace tessera::chat_template
