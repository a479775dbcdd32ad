#include "libs/tokenizer/tokenizer.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "libs/base/status_macros.h"
#include "libs/tokenizer/added_token_matcher.h"
#include "libs/tokenizer/bpe_model.h"
#include "libs/tokenizer/byte_alphabet.h"
#include "libs/tokenizer/normalizer.h"
#include "libs/tokenizer/stream_decoder.h"
#include "libs/tokenizer/token_byte_table.h"
#include "libs/tokenizer/tokenizer_json.h"
#include "libs/tokenizer/tokenizer_spec.h"
#include "libs/tokenizer/utf8.h"
#include "libs/tokenizer/vocabulary_spec.h"
#include "libs/tokenizer/word_splitter.h"

namespace tessera::tokenizer {
namespace {

// Control tokens of published models that end an answer.
constexpr absl::string_view kEndNames[] = {
    "<|endoftext|>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|end_of_text|>",
    "<|eom_id|>",
    "<|end|>",
    "</s>",
    "<end_of_turn>",
    "<eos>",
    "<EOT>",
    "<｜end▁of▁sentence｜>",
};

bool IsSpecialType(TokenType type) {
  return type == TokenType::kControl || type == TokenType::kUnknown;
}

// The text by which BPE finds each token: none for what no text makes.
std::vector<absl::string_view> MakePieces(const TokenizerSpec& spec,
                                          const TokenByteTable& bytes) {
  std::vector<absl::string_view> pieces(spec.tokens.size());
  std::string letters;
  for (size_t id = 0; id < pieces.size(); ++id) {
    if (IsSpecialType(spec.types[id])) continue;
    if (spec.bpe.alphabet == BpeSpec::Alphabet::kCharacters) {
      pieces[id] = spec.tokens[id];
      continue;
    }
    letters.clear();
    if (AppendAlphabetBytes(spec.tokens[id], &letters) && letters == bytes[id])
      pieces[id] = bytes[id];
  }
  return pieces;
}

absl::flat_hash_set<absl::string_view> SpecialTexts(const TokenizerSpec& spec) {
  absl::flat_hash_set<absl::string_view> texts;
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    if (IsSpecialType(spec.types[id])) texts.insert(spec.tokens[id]);
  }
  return texts;
}

// Cuts at spaces where that changes nothing but the speed.
void SplitMarkedWords(const BpeModel& bpe, TokenizerSpec* spec) {
  const bool is_safe = spec->bpe.alphabet == BpeSpec::Alphabet::kCharacters &&
                       !spec->bpe.ignore_merges &&
                       bpe.Find(kSpaceMarker).has_value() &&
                       !bpe.MergesAcrossMarkers();
  if (is_safe)
    spec->splits.push_back({SplitStep::Kind::kBeforeMarkedWords, ""});
}

std::vector<bool> FindEnds(const TokenizerSpec& spec) {
  std::vector<bool> is_end(spec.tokens.size());
  for (size_t id = 0; id < is_end.size(); ++id) {
    is_end[id] = spec.types[id] == TokenType::kControl &&
                 absl::c_linear_search(kEndNames, spec.tokens[id]);
  }
  for (const int32_t id : spec.ends) is_end[id] = true;
  return is_end;
}

absl::Status CheckId(const char* name, int32_t id, const TokenizerSpec& spec) {
  if (id >= 0 && id < spec.tokens.size()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      name, " is ", id, "; there are ", spec.tokens.size(), " tokens"));
}

// Buffers that a text's pieces share.
struct Workspace {
  std::string normalized;
  std::string prefixed;
  std::vector<TextPart> parts;
  std::vector<uint32_t> ends;
  MergeWorkspace merge;
};

}  // namespace

struct Tokenizer::Parts {
  explicit Parts(TokenizerSpec s)
      : spec(std::move(s)),
        bytes(spec),
        normalizer(spec.normalizers),
        is_end(FindEnds(spec)) {}
  absl::Status Build();

  // Appends the ids of text[begin, end), in which no added token of
  // `raw_tokens` stands.
  absl::Status EncodePiece(absl::string_view piece, bool is_first,
                           bool parse_special, Workspace* workspace,
                           std::vector<int32_t>* ids) const;
  absl::Status EncodeWords(absl::string_view text, bool is_first,
                           Workspace* workspace,
                           std::vector<int32_t>* ids) const;

  TokenizerSpec spec;  // `bpe`'s pieces point into it and into `bytes`
  TokenByteTable bytes;
  Normalizer normalizer;
  std::vector<bool> is_end;             // [V]
  AddedTokenMatcher raw_tokens;         // sought before normalization
  AddedTokenMatcher normalized_tokens;  // sought after it
  bool has_normalized_special = false;
  WordSplitter splitter;
  std::unique_ptr<const BpeModel> bpe;
};

absl::Status Tokenizer::Parts::Build() {
  ASSIGN_OR_RETURN(bpe, BpeModel::Create(spec.bpe, MakePieces(spec, bytes),
                                         SpecialTexts(spec)));
  SplitMarkedWords(*bpe, &spec);
  ASSIGN_OR_RETURN(splitter, WordSplitter::Create(spec.splits));
  std::vector<AddedToken> raw, normalized;
  std::string scratch;
  for (const AddedToken& token : spec.added_tokens) {
    if (!token.is_normalized) {
      raw.push_back(token);
      continue;
    }
    normalized.push_back(token);
    normalized.back().text =
        std::string(normalizer.Apply(token.text, &scratch));
    has_normalized_special |= token.is_special;
  }
  ASSIGN_OR_RETURN(raw_tokens, AddedTokenMatcher::Create(std::move(raw)));
  ASSIGN_OR_RETURN(normalized_tokens,
                   AddedTokenMatcher::Create(std::move(normalized)));
  return absl::OkStatus();
}

absl::Status Tokenizer::Parts::EncodeWords(absl::string_view text,
                                           bool is_first, Workspace* workspace,
                                           std::vector<int32_t>* ids) const {
  if (text.empty()) return absl::OkStatus();  // it gets no prefix
  const PrefixStep& step = spec.prefix_step;
  if (step.replace_spaces) {
    workspace->prefixed = absl::StrReplaceAll(text, {{" ", kSpaceMarker}});
    text = workspace->prefixed;
  }
  const bool is_prefixed =
      step.where == PrefixStep::Where::kEveryPiece ||
      (step.where == PrefixStep::Where::kFirstPiece && is_first);
  if (is_prefixed && !absl::StartsWith(text, step.prefix)) {
    workspace->prefixed = absl::StrCat(step.prefix, text);
    text = workspace->prefixed;
  }
  RETURN_IF_ERROR(splitter.Split(text, &workspace->ends));
  uint32_t begin = 0;
  for (const uint32_t end : workspace->ends) {
    bpe->Encode(text.substr(begin, end - begin), &workspace->merge, ids);
    begin = end;
  }
  return absl::OkStatus();
}

absl::Status Tokenizer::Parts::EncodePiece(absl::string_view piece,
                                           bool is_first, bool parse_special,
                                           Workspace* workspace,
                                           std::vector<int32_t>* ids) const {
  const absl::string_view text =
      normalizer.Apply(piece, &workspace->normalized);
  if (normalized_tokens.empty())
    return EncodeWords(text, is_first, workspace, ids);
  std::vector<TextPart> parts;
  normalized_tokens.Split(text, 0, text.size(), parse_special, &parts);
  for (const TextPart& part : parts) {
    if (part.token != nullptr) {
      ids->push_back(part.token->id);
      continue;
    }
    RETURN_IF_ERROR(EncodeWords(text.substr(part.begin, part.end - part.begin),
                                is_first && part.begin == 0, workspace, ids));
  }
  return absl::OkStatus();
}

Tokenizer::Tokenizer(std::unique_ptr<const Parts> parts)
    : parts_(std::move(parts)) {}
Tokenizer::~Tokenizer() = default;

absl::StatusOr<std::unique_ptr<const Tokenizer>> Tokenizer::FromSpec(
    TokenizerSpec spec) {
  auto parts = std::make_unique<Parts>(std::move(spec));
  RETURN_IF_ERROR(parts->Build());
  return std::unique_ptr<const Tokenizer>(new Tokenizer(std::move(parts)));
}

absl::StatusOr<std::unique_ptr<const Tokenizer>> Tokenizer::Create(
    Vocabulary vocabulary) {
  ASSIGN_OR_RETURN(TokenizerSpec spec,
                   SpecFromVocabulary(std::move(vocabulary)));
  return FromSpec(std::move(spec));
}

absl::StatusOr<std::unique_ptr<const Tokenizer>> Tokenizer::FromTokenizerJson(
    absl::string_view json, const SpecialTokenIds& ids) {
  ASSIGN_OR_RETURN(TokenizerSpec spec, SpecFromTokenizerJson(json));
  spec.bos = ids.bos;
  spec.ends = ids.eos;
  if (!ids.eos.empty()) spec.eos = ids.eos.front();
  for (const int32_t id : ids.eos) RETURN_IF_ERROR(CheckId("eos", id, spec));
  if (ids.bos.has_value()) RETURN_IF_ERROR(CheckId("bos", *ids.bos, spec));
  return FromSpec(std::move(spec));
}

absl::StatusOr<std::vector<int32_t>> Tokenizer::Encode(
    absl::string_view text, const EncodeOptions& options) const {
  const TextSegment segment{text, options.parse_special};
  return EncodeSegments(absl::MakeSpan(&segment, 1), options.add_special);
}

absl::StatusOr<std::vector<int32_t>> Tokenizer::EncodeSegments(
    absl::Span<const TextSegment> segments, bool add_special) const {
  // The segments' texts as one, made valid; where one is valid already, itself.
  std::string joined;
  absl::string_view text;
  std::vector<size_t> ends;
  if (segments.size() == 1 && IsValidUtf8(segments[0].text)) {
    text = segments[0].text;
    ends.push_back(text.size());
  } else {
    for (const TextSegment& segment : segments) {
      absl::StrAppend(&joined, ReplaceInvalidUtf8(segment.text));
      ends.push_back(joined.size());
    }
    text = joined;
  }
  std::vector<int32_t> ids;
  if (text.size() > kMaxTextBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "text of ", text.size(), " bytes; at most ", kMaxTextBytes));
  }
  if (add_special) ids = parts_->spec.prefix_ids;
  Workspace workspace;
  size_t piece_begin = 0, begin = 0;
  for (size_t i = 0; i < ends.size(); ++i) {
    workspace.parts.clear();
    parts_->raw_tokens.Split(text, begin, ends[i], segments[i].parse_special,
                             &workspace.parts);
    for (const TextPart& part : workspace.parts) {
      if (part.token == nullptr) continue;
      RETURN_IF_ERROR(parts_->EncodePiece(
          text.substr(piece_begin, part.begin - piece_begin), piece_begin == 0,
          segments[i].parse_special, &workspace, &ids));
      ids.push_back(part.token->id);
      piece_begin = part.end;
    }
    begin = ends[i];
    const bool continues =
        i + 1 < ends.size() && !parts_->has_normalized_special;
    if (continues) continue;
    RETURN_IF_ERROR(parts_->EncodePiece(
        text.substr(piece_begin, begin - piece_begin), piece_begin == 0,
        segments[i].parse_special, &workspace, &ids));
    piece_begin = begin;
  }
  if (add_special)
    ids.insert(ids.end(), parts_->spec.suffix_ids.begin(),
               parts_->spec.suffix_ids.end());
  return ids;
}

std::string Tokenizer::Decode(absl::Span<const int32_t> ids,
                              const DecodeOptions& options) const {
  std::string bytes;
  for (const int32_t id : ids) {
    if (!options.skip_special || !IsSpecial(id))
      absl::StrAppend(&bytes, TokenBytes(id));
  }
  absl::string_view text = bytes;
  if (parts_->spec.strips_leading_space && !options.is_continuation)
    absl::ConsumePrefix(&text, " ");
  return ReplaceInvalidUtf8(text);
}

absl::string_view Tokenizer::TokenBytes(int32_t id) const {
  return parts_->bytes[id];
}

bool Tokenizer::IsSpecial(int32_t id) const {
  return id >= 0 && id < vocab_size() && IsSpecialType(parts_->spec.types[id]);
}

bool Tokenizer::IsEndOfGeneration(int32_t id) const {
  return id >= 0 && id < vocab_size() && parts_->is_end[id];
}

std::optional<int32_t> Tokenizer::FindToken(absl::string_view text) const {
  for (const AddedToken& token : parts_->spec.added_tokens) {
    if (token.text == text) return token.id;
  }
  if (parts_->spec.bpe.alphabet == BpeSpec::Alphabet::kBytes)
    return parts_->bpe->Find(text);
  return parts_->bpe->Find(absl::StrReplaceAll(text, {{" ", kSpaceMarker}}));
}

int Tokenizer::vocab_size() const { return parts_->bytes.size(); }
std::optional<int32_t> Tokenizer::bos() const { return parts_->spec.bos; }
std::optional<int32_t> Tokenizer::eos() const { return parts_->spec.eos; }
bool Tokenizer::StripsLeadingSpace() const {
  return parts_->spec.strips_leading_space;
}

}  // namespace tessera::tokenizer
