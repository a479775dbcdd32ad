// The text of generated tokens, token by token, in whole characters.
//
//   StreamDecoder decoder(tokenizer.get());
//   for (int32_t token : ...) Send(decoder.Push(token));
//   Send(decoder.Flush());
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "libs/tokenizer/tokenizer.h"

namespace tessera::tokenizer {

// What Push and Flush return, put together, is what Tokenizer::Decode returns
// for all the tokens, however they are cut. Not thread-safe.
class StreamDecoder {
 public:
  // `tokenizer` outlives the decoder. The defaults suit an answer: it
  // continues a prompt.
  explicit StreamDecoder(const Tokenizer* tokenizer,
                         const DecodeOptions& options = {
                             .skip_special = true, .is_continuation = true});

  // The text that `token` completes: valid UTF-8, U+FFFD for bytes that make
  // no character, perhaps empty.
  std::string Push(int32_t token);

  // What is held back: U+FFFD if a character is unfinished, else nothing.
  // The decoder can be used on.
  std::string Flush();

 private:
  const Tokenizer* tokenizer_;
  DecodeOptions options_;
  bool strips_space_;    // the next byte, if it is a space, goes
  std::string pending_;  // the start of a character
};

}  // namespace tessera::tokenizer
