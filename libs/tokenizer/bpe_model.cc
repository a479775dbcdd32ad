#include "libs/tokenizer/bpe_model.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/status_macros.h"
#include "libs/tokenizer/byte_alphabet.h"
#include "libs/tokenizer/utf8.h"

namespace tessera::tokenizer {
namespace {

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::Utf8SafeCHexEscape(text), "\"");
}

}  // namespace

BpeModel::BpeModel(const BpeSpec& spec, std::vector<absl::string_view> pieces)
    : alphabet_(spec.alphabet),
      unknown_(spec.unknown),
      fuse_unknown_(spec.fuse_unknown),
      ignore_merges_(spec.ignore_merges),
      pieces_(std::move(pieces)),
      merges_(spec.merges.size()),
      wholeness_(new std::atomic<uint8_t>[pieces_.size()]()) {
  std::fill(std::begin(byte_symbols_), std::end(byte_symbols_), kNoToken);
  std::fill(std::begin(byte_tokens_), std::end(byte_tokens_), kNoToken);
}

absl::StatusOr<std::unique_ptr<const BpeModel>> BpeModel::Create(
    const BpeSpec& spec, std::vector<absl::string_view> pieces,
    const absl::flat_hash_set<absl::string_view>& special_texts) {
  std::unique_ptr<BpeModel> model(new BpeModel(spec, std::move(pieces)));
  RETURN_IF_ERROR(model->IndexPieces());
  RETURN_IF_ERROR(model->AddMerges(spec.merges, special_texts));
  for (int byte = 0; byte < 256; ++byte) {
    const char character = static_cast<char>(byte);
    if (byte < 0x80 || model->alphabet_ == BpeSpec::Alphabet::kBytes) {
      model->byte_symbols_[byte] =
          model->Find(absl::string_view(&character, 1)).value_or(kNoToken);
    }
    if (spec.byte_fallback) {
      model->byte_tokens_[byte] =
          model->Find(absl::StrFormat("<0x%02X>", byte)).value_or(kNoToken);
    }
  }
  return model;
}

absl::Status BpeModel::IndexPieces() {
  ids_.reserve(pieces_.size());
  for (size_t id = 0; id < pieces_.size(); ++id) {
    if (pieces_[id].empty()) continue;
    const auto [entry, is_new] = ids_.try_emplace(pieces_[id], id);
    if (!is_new) {
      return absl::InvalidArgumentError(
          absl::StrCat("tokens[", id, "] ", Quoted(pieces_[id]),
                       " repeats tokens[", entry->second, "]"));
    }
  }
  return absl::OkStatus();
}

// The ids of a merge's halves and of what they make, as `ids`.
absl::Status BpeModel::ResolveMerge(
    const std::pair<std::string, std::string>& merge, int32_t ids[3]) const {
  const auto& [left, right] = merge;
  std::string piece = absl::StrCat(left, right);
  size_t left_size = left.size();
  if (alphabet_ == BpeSpec::Alphabet::kBytes) {
    piece.clear();
    const bool left_is_letters = AppendAlphabetBytes(left, &piece);
    left_size = piece.size();
    if (!left_is_letters || !AppendAlphabetBytes(right, &piece)) {
      return absl::InvalidArgumentError("is not in the byte alphabet");
    }
  }
  const absl::string_view view = piece;
  const absl::string_view parts[] = {view.substr(0, left_size),
                                     view.substr(left_size), view};
  for (int i = 0; i < 3; ++i) {
    const auto it = ids_.find(parts[i]);
    if (it == ids_.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "needs ", Quoted(parts[i]), ", which is no token that text makes"));
    }
    ids[i] = it->second;
  }
  return absl::OkStatus();
}

absl::Status BpeModel::AddMerges(
    const std::vector<std::pair<std::string, std::string>>& merges,
    const absl::flat_hash_set<absl::string_view>& special_texts) {
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    int32_t ids[3];
    const absl::Status status = ResolveMerge(merges[rank], ids);
    if (status.ok()) {
      merges_.Insert(ids[0], ids[1], {static_cast<uint32_t>(rank), ids[2]});
      continue;
    }
    const bool is_special = special_texts.contains(left) ||
                            special_texts.contains(right) ||
                            special_texts.contains(absl::StrCat(left, right));
    if (!is_special) {
      return Annotate(status, absl::StrCat("merges[", rank, "] ", Quoted(left),
                                           " + ", Quoted(right)));
    }
  }
  return absl::OkStatus();
}

std::optional<int32_t> BpeModel::Find(absl::string_view piece) const {
  const auto it = ids_.find(piece);
  if (it == ids_.end()) return std::nullopt;
  return it->second;
}

bool BpeModel::MergesAcrossMarkers() const {
  const absl::string_view marker = kSpaceMarker;
  for (const absl::string_view piece : pieces_) {
    size_t run_end = 0;
    for (size_t i = piece.find(marker); i != absl::string_view::npos;
         i = piece.find(marker, i)) {
      if (i != run_end) return true;
      run_end = i += marker.size();
    }
  }
  return false;
}

bool BpeModel::AppendByteTokens(absl::string_view character,
                                std::vector<int32_t>* symbols) const {
  for (const char byte : character) {
    if (byte_tokens_[static_cast<uint8_t>(byte)] == kNoToken) return false;
  }
  for (const char byte : character)
    symbols->push_back(byte_tokens_[static_cast<uint8_t>(byte)]);
  return true;
}

void BpeModel::AppendSymbols(absl::string_view word,
                             std::vector<int32_t>* symbols) const {
  bool unknown_pending = false;  // written before the next known symbol
  while (!word.empty()) {
    const int num_bytes = alphabet_ == BpeSpec::Alphabet::kBytes
                              ? 1
                              : DecodeValid(word.data()).num_bytes;
    const absl::string_view character = word.substr(0, num_bytes);
    word.remove_prefix(num_bytes);
    int32_t id = byte_symbols_[static_cast<uint8_t>(character[0])];
    if (num_bytes > 1) id = Find(character).value_or(kNoToken);
    if (id != kNoToken) {
      if (unknown_pending) symbols->push_back(*unknown_);
      unknown_pending = false;
      symbols->push_back(id);
    } else if (!AppendByteTokens(character, symbols) && unknown_.has_value()) {
      // As in Hugging Face's, byte tokens overtake an unknown token before
      // them.
      if (unknown_pending && !fuse_unknown_) symbols->push_back(*unknown_);
      unknown_pending = true;
    }
  }
  if (unknown_pending) symbols->push_back(*unknown_);
}

void BpeModel::Encode(absl::string_view word, MergeWorkspace* workspace,
                      std::vector<int32_t>* tokens) const {
  const auto it = ids_.find(word);
  std::atomic<uint8_t>* wholeness = nullptr;
  if (it != ids_.end()) {
    wholeness = &wholeness_[it->second];
    if (ignore_merges_ ||
        wholeness->load(std::memory_order_relaxed) == kIsWhole) {
      tokens->push_back(it->second);
      return;
    }
  }
  workspace->symbols.clear();
  AppendSymbols(word, &workspace->symbols);
  const size_t old_size = tokens->size();
  MergeSymbols(merges_, workspace, tokens);
  if (wholeness == nullptr) return;
  const bool is_whole =
      tokens->size() == old_size + 1 && tokens->back() == it->second;
  wholeness->store(is_whole ? kIsWhole : kIsCut, std::memory_order_relaxed);
}

}  // namespace tessera::tokenizer
