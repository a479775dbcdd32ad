// Playback: computes the logits of given texts, with the batches cut and mixed
// in different ways. By the invariant the bits are the same in all of them.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "libs/kv_cache/block_pool.h"
#include "libs/kv_cache/block_table.h"
#include "libs/model/model.h"

namespace tessera::equivalence {

// Lengths of texts, and how many of its first tokens each has in common with
// the first text.
struct TextShape {
  int64_t num_tokens;
  int64_t num_shared;
};

std::vector<std::vector<int32_t>> RandomTexts(absl::Span<const TextShape> shape,
                                              int vocab_size, uint64_t seed);

class Playback {
 public:
  // Called with the logits after a text's token `position`.
  using OnLogits = absl::FunctionRef<void(size_t text, int64_t position,
                                          absl::Span<const float> logits)>;

  // Both outlive the playback. The cache starts as all ones, which is NaN.
  Playback(model::Model& model, absl::Span<const std::vector<int32_t>> texts);

  // One text after the other, one token a pass.
  void OneByOne(OnLogits on_logits);

  // Random batches of random pieces of random texts; wrong drafts that are then
  // forgotten; tokens in common taken from the first text's blocks or computed
  // again; blocks in any order. Asks for the logits of about half the tokens.
  void Shuffled(uint64_t seed, OnLogits on_logits);

 private:
  // A piece of a text in a batch: `tokens` of it, the last of them perhaps
  // wrong drafts that follow `num_kept` right ones.
  struct Piece {
    size_t text;
    std::vector<int32_t> tokens;
    int64_t num_kept;
    int num_logits;
  };

  bool IsDone(size_t text) const;
  void Reset();
  void ShareFirstText(size_t text);
  Piece NextPiece(size_t text, int64_t max_tokens);
  void Pass(absl::Span<const Piece> pieces, OnLogits on_logits);

  model::Model& model_;
  const absl::Span<const std::vector<int32_t>> texts_;
  std::unique_ptr<kv_cache::BlockPool> pool_;
  std::vector<kv_cache::BlockTable> tables_;  // one a text
  std::mt19937_64 random_;
};

}  // namespace tessera::equivalence
