// What a tokenizer does, step by step: the common form of a GGUF vocabulary and
// of a tokenizer.json. Internal to libs/tokenizer.
//
//   text -> [special tokens | text] -> normalized -> prefixed -> words -> ids
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/tokenizer/vocabulary.h"

namespace tessera::tokenizer {

// A token that is found in the text as it stands, before any other step.
struct AddedToken {
  int32_t id = 0;
  std::string text;
  bool is_special = false;
  bool strips_left = false;   // takes the white space before it
  bool strips_right = false;  // takes the white space after it
  // Sought in the normalized text, by its own normalized text.
  bool is_normalized = false;
};

struct NormalizerStep {
  enum class Kind {
    kNfc,      // Unicode's canonical composition
    kPrepend,  // `content` before a text that is not empty
    kReplace,  // each `pattern` by `content`
  };
  Kind kind;
  std::string pattern;
  std::string content;
};

// Cuts each piece into smaller ones; nothing of it is lost.
struct SplitStep {
  enum class Kind {
    kPattern,            // the matches of a regular expression, and the gaps
    kEachNumber,         // each numeric character alone
    kNumberRuns,         // each run of numeric characters
    kBeforeEachMarker,   // before each U+2581
    kBeforeMarkedWords,  // before a U+2581 that follows another character
  };
  Kind kind;
  std::string pattern;
};

// What happens to a piece of text between added tokens before it is split.
struct PrefixStep {
  enum class Where { kNever, kFirstPiece, kEveryPiece };
  Where where = Where::kNever;  // unless the piece starts with it already
  std::string prefix;
  bool replace_spaces = false;  // by U+2581
};

struct BpeSpec {
  // The symbols that merging starts from.
  enum class Alphabet { kBytes, kCharacters };
  Alphabet alphabet = Alphabet::kBytes;
  std::vector<std::pair<std::string, std::string>> merges;  // by rank
  // For a symbol that is no token; without it, the symbol is dropped.
  std::optional<int32_t> unknown;
  bool fuse_unknown = false;   // a run of unknown symbols is one token
  bool byte_fallback = false;  // <0x0A> before `unknown`
  bool ignore_merges = false;  // a word that is a token is not cut at all
};

struct TokenizerSpec {
  std::vector<std::string> tokens;  // [V]
  std::vector<TokenType> types;     // [V]
  std::vector<AddedToken> added_tokens;
  std::vector<NormalizerStep> normalizers;
  PrefixStep prefix_step;
  std::vector<SplitStep> splits;
  BpeSpec bpe;
  std::vector<int32_t> prefix_ids;    // what add_special puts before the text
  std::vector<int32_t> suffix_ids;    // and after it
  bool strips_leading_space = false;  // decoding takes one off the front
  std::optional<int32_t> bos;
  std::optional<int32_t> eos;
  std::vector<int32_t> ends;  // EOS, EOT and others that end an answer
};

// U+2581, which stands for a space in SentencePiece's vocabularies.
inline constexpr char kSpaceMarker[] = "\xE2\x96\x81";

}  // namespace tessera::tokenizer
