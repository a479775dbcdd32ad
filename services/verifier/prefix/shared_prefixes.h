// SharedPrefixes: beginnings of prompts that the operator says anybody may know
// of (--shared-prefix FILE), so that their blocks may be every salt's.
//
// A file is a chat's first messages, a JSON object as /v1/chat/completions
// takes it,
//
//   {"messages": [{"role": "system", "content": "You are ..."}]}
//
// which the model's template renders without the beginning of an answer; or
// else a text, a raw prompt as /v1/completions takes it, special tokens and
// all. It is JSON if its first character that is no space is "{".
//
// Only whole blocks count. A tokenizer may put the prefix's end together with
// what follows it in a prompt, and some templates end a chat otherwise than
// they continue it: then the last tokens differ, and the block with them is not
// shared. Nothing else comes of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "services/verifier/words.h"

namespace tessera::verifier {

inline constexpr int64_t kMaxSharedPrefixBytes = int64_t{16} << 20;

class SharedPrefixes {
 public:
  SharedPrefixes() = default;  // none

  // block_tokens: of the KV cache. Errors name the file and, of JSON, the
  // field: NotFound, or InvalidArgument for what is too long, is no prompt of
  // this model, or has not one whole block.
  static absl::StatusOr<SharedPrefixes> Load(
      absl::Span<const std::string> files, const Words& words,
      int64_t context_len, int block_tokens);

  // So many tokens of the prompt lie in whole blocks that are the beginning of
  // a prefix: a multiple of block_tokens.
  int64_t NumTokens(absl::Span<const int32_t> prompt) const;

 private:
  int block_tokens_ = 1;
  std::vector<std::vector<int32_t>> prefixes_;  // in whole blocks
};

}  // namespace tessera::verifier
