// What a model file says of its tokenizer, as plain data: the fields of GGUF's
// tokenizer.ggml.*, from which Tokenizer::Create makes a tokenizer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace tessera::tokenizer {

// GGUF's numbers.
enum class TokenType : uint8_t {
  kNormal = 1,
  kUnknown = 2,      // stands for what the vocabulary lacks
  kControl = 3,      // special: <|im_end|>; never made from a user's text
  kUserDefined = 4,  // taken whole wherever its text stands, though no control
  kUnused = 5,
  kByte = 6,  // <0x0A>: one byte, for characters without a token
};

struct Vocabulary {
  enum class Kind {
    kByteLevelBpe,      // tokenizer.ggml.model = gpt2
    kSentencePieceBpe,  // tokenizer.ggml.model = llama
  };
  Kind kind = Kind::kByteLevelBpe;

  // How text is cut into words (byte-level only): smollm, gpt-2, llama-bpe,
  // qwen2 or default. qwen2 composes characters first (NFC), as Hugging Face
  // does and llama.cpp does not.
  std::string pre_tokenizer;

  // V = tokens.size(); the index is the id.
  std::vector<std::string> tokens;  // [V] byte-level: in GPT-2's byte alphabet
  std::vector<TokenType> types;     // [V], or empty: all are normal
  // [V] SentencePiece: of two possible merges, the one that makes the token of
  // the higher score goes first.
  std::vector<float> scores;
  // Byte-level: the pairs that merge, the first one first.
  std::vector<std::pair<std::string, std::string>> merges;

  std::optional<int32_t> bos;
  std::optional<int32_t> eos;
  std::optional<int32_t> eot;
  std::optional<int32_t> unknown;
  std::optional<int32_t> padding;
  bool add_bos = false;           // before a text that asks for special tokens
  bool add_eos = false;           // after it
  bool add_space_prefix = false;  // SentencePiece: a space before each text

  // InvalidArgument, naming the field: no tokens, sizes that disagree, ids
  // outside of the vocabulary, text that is not UTF-8, scores that are no
  // numbers, a pre-tokenizer that is not supported. Duplicate tokens and
  // merges of missing tokens are found by Tokenizer::Create.
  absl::Status Validate() const;
};

}  // namespace tessera::tokenizer
