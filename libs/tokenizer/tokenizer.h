// Text to token ids and back: the ids that Hugging Face's tokenizers give.
//
//   ASSIGN_OR_RETURN(auto tokenizer, Tokenizer::Create(vocabulary));
//   ASSIGN_OR_RETURN(auto ids, tokenizer->Encode("Hello"));
//   std::string text = tokenizer->Decode(ids);
//
// Any bytes are a text: what is not UTF-8 is read as U+FFFD. Thread-safe.
// For generated tokens, one at a time, see stream_decoder.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/tokenizer/vocabulary.h"

namespace tessera::tokenizer {

struct TokenizerSpec;

struct EncodeOptions {
  // The text of a special token (<|im_end|>) becomes that token: right for a
  // raw prompt, wrong for a message that somebody typed.
  bool parse_special = true;
  // Adds what the model asks for around a text: BOS, EOS.
  bool add_special = false;
};

// A part of a text, such as a chat template's own words or a user's message.
struct TextSegment {
  absl::string_view text;
  bool parse_special = false;
};

struct DecodeOptions {
  bool skip_special = true;  // control tokens leave no text
  // The tokens continue some other text, so a leading space is theirs.
  // Otherwise a SentencePiece tokenizer's added space is taken off the front.
  bool is_continuation = false;
};

// The ids in config.json and generation_config.json (bos_token_id,
// eos_token_id), which a tokenizer.json leaves out.
struct SpecialTokenIds {
  std::optional<int32_t> bos;
  std::vector<int32_t> eos;  // each ends an answer; the first one is eos()
};

class Tokenizer {
 public:
  // InvalidArgument, naming the field, for a vocabulary that does not hold
  // together; Unimplemented, naming what and what is supported.
  static absl::StatusOr<std::unique_ptr<const Tokenizer>> Create(
      Vocabulary vocabulary);

  // The same from the text of a Hugging Face tokenizer.json. Which of its
  // tokens are BOS and EOS stands in other files; see SpecialTokenIds.
  static absl::StatusOr<std::unique_ptr<const Tokenizer>> FromTokenizerJson(
      absl::string_view json, const SpecialTokenIds& ids = {});

  ~Tokenizer();

  // InvalidArgument: `text` has more than kMaxTextBytes, or the tokenizer's
  // own regular expression gave up on it.
  absl::StatusOr<std::vector<int32_t>> Encode(
      absl::string_view text, const EncodeOptions& options = {}) const;

  // The ids of the segments' texts put together: words and merges cross from
  // one segment into the next, special tokens do not.
  absl::StatusOr<std::vector<int32_t>> EncodeSegments(
      absl::Span<const TextSegment> segments, bool add_special) const;

  // Valid UTF-8: bytes that make no character become U+FFFD.
  std::string Decode(absl::Span<const int32_t> ids,
                     const DecodeOptions& options = {}) const;

  // The bytes that the token stands for, perhaps not whole characters; for a
  // special token its name. Empty for an id outside of the vocabulary (models
  // pad their logits). Lives as long as the tokenizer.
  absl::string_view TokenBytes(int32_t id) const;

  bool IsSpecial(int32_t id) const;  // control or unknown
  // Generation ends with this token: EOS, EOT and control tokens whose names
  // say so (<|im_end|>, <|eot_id|>, <|endoftext|>, ...).
  bool IsEndOfGeneration(int32_t id) const;

  // The token that is `text` (bytes, or a special token's name), if one is.
  std::optional<int32_t> FindToken(absl::string_view text) const;

  int vocab_size() const;
  // Whether decoding takes a space off the front of a text: what the tokenizer
  // put there.
  bool StripsLeadingSpace() const;

  std::optional<int32_t> bos() const;
  std::optional<int32_t> eos() const;

  static constexpr size_t kMaxTextBytes = size_t{1} << 30;

 private:
  struct Parts;
  explicit Tokenizer(std::unique_ptr<const Parts> parts);
  static absl::StatusOr<std::unique_ptr<const Tokenizer>> FromSpec(
      TokenizerSpec spec);

  std::unique_ptr<const Parts> parts_;
};

}  // namespace tessera::tokenizer
