#include "libs/tokenizer/stream_decoder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/tokenizer/utf8.h"

namespace tessera::tokenizer {

StreamDecoder::StreamDecoder(const Tokenizer* tokenizer,
                             const DecodeOptions& options)
    : tokenizer_(tokenizer),
      options_(options),
      strips_space_(tokenizer->StripsLeadingSpace() &&
                    !options.is_continuation) {}

std::string StreamDecoder::Push(int32_t token) {
  if (options_.skip_special && tokenizer_->IsSpecial(token)) return "";
  absl::string_view bytes = tokenizer_->TokenBytes(token);
  if (strips_space_ && !bytes.empty()) {
    if (bytes[0] == ' ') bytes.remove_prefix(1);
    strips_space_ = false;
  }
  absl::StrAppend(&pending_, bytes);
  // Only the last character can be unfinished, and it has at most 3 bytes.
  size_t begin = pending_.size();
  while (begin > 0 && pending_.size() - begin < 3 &&
         (pending_[begin - 1] & 0xC0) == 0x80)
    --begin;
  size_t whole = pending_.size();
  if (begin > 0) {
    const auto last =
        InspectUtf8(absl::string_view(pending_).substr(begin - 1));
    if (last.kind == Utf8Prefix::Kind::kIncomplete) whole = begin - 1;
  }
  std::string text =
      ReplaceInvalidUtf8(absl::string_view(pending_).substr(0, whole));
  pending_.erase(0, whole);
  return text;
}

std::string StreamDecoder::Flush() {
  return ReplaceInvalidUtf8(std::exchange(pending_, std::string()));
}

}  // namespace tessera::tokenizer
