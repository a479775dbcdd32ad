// Byte pair encoding of one word: symbols, then merges.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/tokenizer/merge_symbols.h"
#include "libs/tokenizer/merge_table.h"
#include "libs/tokenizer/tokenizer_spec.h"

namespace tessera::tokenizer {

class BpeModel {
 public:
  // `pieces` [V]: the text by which each token is found, empty for one that no
  // text makes (a special token); the views outlive the model. In a byte-level
  // vocabulary they are bytes, and so are the merges' halves.
  // A merge of or into one of `special_texts` is left out, so that no text
  // becomes a special token.
  // InvalidArgument: duplicate tokens, a merge of what is not in `pieces`.
  static absl::StatusOr<std::unique_ptr<const BpeModel>> Create(
      const BpeSpec& spec, std::vector<absl::string_view> pieces,
      const absl::flat_hash_set<absl::string_view>& special_texts);

  // Appends the word's tokens to `tokens`.
  void Encode(absl::string_view word, MergeWorkspace* workspace,
              std::vector<int32_t>* tokens) const;

  std::optional<int32_t> Find(absl::string_view piece) const;

  // True if some token has U+2581 behind another character. Where none has,
  // cutting a text before such a U+2581 changes no id.
  bool MergesAcrossMarkers() const;

 private:
  // Whether a token's text, taken for a word, is encoded as that one token.
  // Found out when the word is first met; nearly all words of prose are.
  enum Wholeness : uint8_t { kNotKnown, kIsWhole, kIsCut };

  BpeModel(const BpeSpec& spec, std::vector<absl::string_view> pieces);
  absl::Status IndexPieces();
  absl::Status ResolveMerge(const std::pair<std::string, std::string>& merge,
                            int32_t ids[3]) const;
  absl::Status AddMerges(
      const std::vector<std::pair<std::string, std::string>>& merges,
      const absl::flat_hash_set<absl::string_view>& special_texts);
  void AppendSymbols(absl::string_view word,
                     std::vector<int32_t>* symbols) const;
  bool AppendByteTokens(absl::string_view character,
                        std::vector<int32_t>* symbols) const;

  static constexpr int32_t kNoToken = -1;

  BpeSpec::Alphabet alphabet_;
  std::optional<int32_t> unknown_;
  bool fuse_unknown_;
  bool ignore_merges_;
  std::vector<absl::string_view> pieces_;  // [V]
  absl::flat_hash_map<absl::string_view, int32_t> ids_;
  int32_t byte_symbols_[256];  // kNoToken: the vocabulary lacks it
  int32_t byte_tokens_[256];   // <0x00> to <0xFF>, with byte_fallback
  MergeTable merges_;
  std::unique_ptr<std::atomic<uint8_t>[]> wholeness_;  // [V] of Wholeness
};

}  // namespace tessera::tokenizer
