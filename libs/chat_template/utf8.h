// Python's view of a string: characters, not bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tessera::chat_template {

struct CodePoint {
  uint32_t value;
  size_t size;  // bytes
};

// The character at `position` < bytes.size(). A byte that is not part of a
// valid encoding is a character of its own, of value 0xFFFD.
CodePoint CodePointAt(absl::string_view bytes, size_t position);

size_t NumCodePoints(absl::string_view bytes);
// The byte at which character `index` begins; bytes.size() past the end.
size_t ByteOffset(absl::string_view bytes, size_t index);
void AppendCodePoint(uint32_t code_point, std::string* bytes);

// str.isspace of one character; also what \s matches and strip() removes.
bool IsSpace(uint32_t code_point);

// The one character that it becomes, by the C library's Unicode tables.
uint32_t ToUpper(uint32_t code_point);
uint32_t ToLower(uint32_t code_point);
bool IsLetter(uint32_t code_point);

// Where the last character of bytes[0, end) begins; end > 0.
size_t LastCharacter(absl::string_view bytes, size_t end);

// Where the bytes begin and end without leading and trailing white space.
size_t SkipSpace(absl::string_view bytes, size_t begin = 0);
size_t EndWithoutSpace(absl::string_view bytes);

}  // namespace tessera::chat_template
