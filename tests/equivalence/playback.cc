#include "tests/equivalence/playback.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "libs/base/check.h"

namespace tessera::equivalence {
namespace {

using kv_cache::BlockPool;
using kv_cache::BlockTable;

constexpr int kBlockTokens = attention::kKvBlockTokens;

}  // namespace

std::vector<std::vector<int32_t>> RandomTexts(absl::Span<const TextShape> shape,
                                              int vocab_size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::vector<int32_t>> texts;
  for (const TextShape& text : shape) {
    std::vector<int32_t>& tokens = texts.emplace_back(text.num_tokens);
    for (int32_t& token : tokens) token = random() % vocab_size;
    std::copy_n(texts[0].begin(), text.num_shared, tokens.begin());
  }
  return texts;
}

Playback::Playback(model::Model& model,
                   absl::Span<const std::vector<int32_t>> texts)
    : model_(model), texts_(texts) {
  int64_t num_blocks = 0;
  for (const std::vector<int32_t>& text : texts) {
    // Drafts reach beyond a text's end; a copied tail needs one more.
    num_blocks += text.size() / kBlockTokens + 3;
  }
  const int64_t num_layers = model.config().num_layers;
  pool_ =
      *BlockPool::Create({.block_tokens = kBlockTokens,
                          .num_layers = num_layers,
                          .layer_bytes = model.kv_block_bytes() / num_layers},
                         static_cast<int32_t>(num_blocks));
  std::memset(pool_->arena().block(0), 0xff,
              num_blocks * model.kv_block_bytes());
  Reset();
}

void Playback::Reset() {
  tables_.clear();
  for (size_t i = 0; i < texts_.size(); ++i) tables_.emplace_back(*pool_);
}

bool Playback::IsDone(size_t text) const {
  return tables_[text].num_tokens() ==
         static_cast<int64_t>(texts_[text].size());
}

void Playback::OneByOne(OnLogits on_logits) {
  Reset();
  for (size_t text = 0; text < texts_.size(); ++text) {
    for (const int32_t token : texts_[text]) {
      Pass({{text, {token}, /*num_kept=*/1, /*num_logits=*/1}}, on_logits);
    }
  }
}

void Playback::Shuffled(uint64_t seed, OnLogits on_logits) {
  random_.seed(seed);
  Reset();
  std::vector<size_t> texts;
  while (true) {
    texts.clear();
    for (size_t i = 0; i < texts_.size(); ++i) {
      if (!IsDone(i)) texts.push_back(i);
    }
    if (texts.empty()) return;
    std::shuffle(texts.begin(), texts.end(), random_);
    texts.resize(1 + random_() % texts.size());
    int64_t budget =
        random_() % 2 == 0 ? 1 + random_() % 12 : model_.max_batch_tokens();
    std::vector<Piece> pieces;
    for (const size_t text : texts) {
      if (budget == 0) break;
      if (tables_[text].num_tokens() == 0) ShareFirstText(text);
      pieces.push_back(NextPiece(text, budget));
      budget -= pieces.back().tokens.size();
    }
    Pass(pieces, on_logits);
  }
}

// Half the time, takes a text's beginning from the first text's blocks, as far
// as both go: a cached prefix that may end inside a block. At least one token
// remains to be computed.
void Playback::ShareFirstText(size_t text) {
  if (text == 0 || random_() % 2 == 0) return;
  const int64_t limit =
      std::min<int64_t>(tables_[0].num_tokens(), texts_[text].size() - 1);
  int64_t shared = 0;
  while (shared < limit && texts_[text][shared] == texts_[0][shared]) ++shared;
  if (shared > 0) shared = 1 + random_() % shared;
  tables_[text] = tables_[0].Fork();
  tables_[text].Truncate(shared);
}

Playback::Piece Playback::NextPiece(size_t text, int64_t max_tokens) {
  const std::vector<int32_t>& tokens = texts_[text];
  const int64_t begin = tables_[text].num_tokens();
  const int64_t left = tokens.size() - begin;
  int64_t num_kept = 1;
  if (random_() % 2 == 0) {
    num_kept = 1 + random_() % std::min<int64_t>(left, max_tokens);
  }
  Piece piece = {.text = text, .num_kept = num_kept};
  piece.tokens.assign(tokens.begin() + begin,
                      tokens.begin() + begin + num_kept);
  if (random_() % 3 == 0) {
    const int64_t num_wrong =
        std::min<int64_t>(random_() % 8, max_tokens - num_kept);
    for (int64_t i = 0; i < num_wrong; ++i) {
      piece.tokens.push_back(random_() % model_.config().vocab_size);
    }
  }
  piece.num_logits = static_cast<int>(
      random_() % 2 == 0 ? piece.tokens.size()
                         : random_() % (piece.tokens.size() + 1));
  return piece;
}

void Playback::Pass(absl::Span<const Piece> pieces, OnLogits on_logits) {
  std::vector<model::BatchSequence> batch;
  int64_t num_logits = 0;
  for (const Piece& piece : pieces) {
    BlockTable& table = tables_[piece.text];
    const int64_t first_position = table.num_tokens();
    const absl::Status status = table.Append(piece.tokens.size());
    CHECK(status.ok()) << status;
    batch.push_back({.tokens = piece.tokens,
                     .first_position = first_position,
                     .block_table = table.block_ids(),
                     .num_logits = piece.num_logits});
    num_logits += piece.num_logits;
  }
  const int64_t vocab_size = model_.config().vocab_size;
  std::vector<float> logits(num_logits * vocab_size);
  const absl::Status status =
      model_.Forward(batch,
                     {.data = pool_->arena().block(0),
                      .block_bytes = pool_->geometry().block_bytes(),
                      .num_blocks = pool_->num_blocks()},
                     absl::MakeSpan(logits));
  CHECK(status.ok()) << status;
  const float* row = logits.data();
  for (size_t i = 0; i < pieces.size(); ++i) {
    const int64_t size = pieces[i].tokens.size();
    for (int64_t t = size - pieces[i].num_logits; t < size; ++t) {
      if (t < pieces[i].num_kept) {
        on_logits(pieces[i].text, batch[i].first_position + t,
                  absl::MakeConstSpan(row, vocab_size));
      }
      row += vocab_size;
    }
    tables_[pieces[i].text].Truncate(batch[i].first_position +
                                     pieces[i].num_kept);
  }
}

}  // namespace tessera::equivalence
