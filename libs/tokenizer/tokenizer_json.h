// Reads Hugging Face's tokenizer.json into the steps of a tokenizer.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/tokenizer/tokenizer_spec.h"

namespace tessera::tokenizer {

// Supported: the BPE models of GPT-2, SmolLM2, Llama 2 and 3, Qwen 2 to 3,
// Mistral and TinyLlama, and what is made of the same parts:
//   normalizer      NFC, Prepend, Replace (of a string), Sequence
//   pre_tokenizer   ByteLevel, Digits, Metaspace, Split (Isolated), Sequence
//   post_processor  ByteLevel, TemplateProcessing, Sequence
//   decoder         ByteLevel, Metaspace, Replace, ByteFallback, Fuse, Strip,
//                   Sequence
// `truncation` and `padding` are not applied: they belong to a caller's batch.
//
// InvalidArgument, naming the field: what is not well formed. Unimplemented,
// naming the part: what is not supported.
absl::StatusOr<TokenizerSpec> SpecFromTokenizerJson(absl::string_view json);

}  // namespace tessera::tokenizer
