#include "libs/model/convert/tokenizer_to_gguf.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/status_macros.h"
#include "libs/model/convert/unused_tokens.h"
#include "libs/tokenizer/tokenizer_json.h"
#include "libs/tokenizer/tokenizer_spec.h"
#include "libs/tokenizer/vocabulary_spec.h"
#include "nlohmann/json.hpp"

namespace tessera::model {
namespace {

using Json = nlohmann::json;
using tokenizer::BpeSpec;
using tokenizer::NormalizerStep;
using tokenizer::PrefixStep;
using tokenizer::SplitStep;
using tokenizer::TokenizerSpec;
using tokenizer::TokenType;
using tokenizer::Vocabulary;

constexpr const char* kPreTokenizers[] = {"smollm", "gpt-2", "llama-bpe",
                                          "qwen2", "default"};

bool SameSplits(const std::vector<SplitStep>& a,
                const std::vector<SplitStep>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const SplitStep& x, const SplitStep& y) {
                      return x.kind == y.kind && x.pattern == y.pattern;
                    });
}

bool SameNormalizers(const std::vector<NormalizerStep>& a,
                     const std::vector<NormalizerStep>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const NormalizerStep& x, const NormalizerStep& y) {
                      return x.kind == y.kind && x.pattern == y.pattern &&
                             x.content == y.content;
                    });
}

// Whether GGUF's name `pre_tokenizer` stands for the steps of `spec`.
bool StandsFor(const char* pre_tokenizer, const TokenizerSpec& spec) {
  Vocabulary empty;
  empty.pre_tokenizer = pre_tokenizer;
  empty.tokens = {"a"};
  const absl::StatusOr<TokenizerSpec> named =
      tokenizer::SpecFromVocabulary(empty);
  return named.ok() && SameSplits(named->splits, spec.splits) &&
         SameNormalizers(named->normalizers, spec.normalizers) &&
         named->bpe.ignore_merges == spec.bpe.ignore_merges &&
         spec.prefix_step.where == PrefixStep::Where::kNever;
}

absl::Status TakeByteLevel(const TokenizerSpec& spec, Vocabulary& vocabulary) {
  vocabulary.kind = Vocabulary::Kind::kByteLevelBpe;
  vocabulary.merges = spec.bpe.merges;
  for (const char* name : kPreTokenizers) {
    if (!StandsFor(name, spec)) continue;
    vocabulary.pre_tokenizer = name;
    return absl::OkStatus();
  }
  return absl::UnimplementedError(absl::StrCat(
      "the normalizer and pre_tokenizer are of none of the kinds that GGUF "
      "names and we know: ",
      absl::StrJoin(kPreTokenizers, ", ")));
}

// A score for each token, such that of two merges the one listed first has the
// higher: SentencePiece's way to say the order.
std::vector<float> ScoresOf(const TokenizerSpec& spec, size_t num_tokens) {
  absl::flat_hash_map<std::string, size_t> rank;
  for (size_t i = 0; i < spec.bpe.merges.size(); ++i) {
    const auto& [left, right] = spec.bpe.merges[i];
    rank.emplace(left + right, i);  // the first one that makes it
  }
  std::vector<float> scores(num_tokens, 0.0f);
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    const auto it = rank.find(spec.tokens[id]);
    const bool is_text = spec.types[id] == TokenType::kNormal;
    if (!is_text) continue;
    const size_t place = it == rank.end() ? spec.bpe.merges.size() : it->second;
    scores[id] = -1.0f - static_cast<float>(place);
  }
  return scores;
}

absl::Status TakeSentencePiece(const TokenizerSpec& spec,
                               ConvertedVocabulary& result) {
  bool prepends = spec.prefix_step.where != PrefixStep::Where::kNever;
  bool replaces = spec.prefix_step.replace_spaces;
  for (const NormalizerStep& step : spec.normalizers) {
    prepends |= step.kind == NormalizerStep::Kind::kPrepend;
    replaces |= step.kind == NormalizerStep::Kind::kReplace;
  }
  if (!spec.bpe.byte_fallback || !replaces || !spec.splits.empty()) {
    return absl::UnimplementedError(
        "neither a byte-level tokenizer nor one of SentencePiece's kind (BPE "
        "with byte_fallback, spaces replaced by U+2581, no splits)");
  }
  Vocabulary& vocabulary = result.vocabulary;
  vocabulary.kind = Vocabulary::Kind::kSentencePieceBpe;
  vocabulary.pre_tokenizer = "default";
  vocabulary.add_space_prefix = prepends;
  vocabulary.unknown = spec.bpe.unknown;
  vocabulary.scores = ScoresOf(spec, vocabulary.tokens.size());
  ASSIGN_OR_RETURN(const TokenizerSpec back,
                   tokenizer::SpecFromVocabulary(vocabulary));
  if (back.bpe.merges != spec.bpe.merges) {
    result.notes.push_back(
        "the merges of tokenizer.json are not those that scores can say: some "
        "texts may be cut otherwise");
  }
  return absl::OkStatus();
}

void TakeTokens(const TokenizerSpec& spec, int vocab_size,
                ConvertedVocabulary& result) {
  Vocabulary& vocabulary = result.vocabulary;
  vocabulary.tokens = spec.tokens;
  vocabulary.types = spec.types;
  vocabulary.tokens.resize(vocab_size);
  vocabulary.types.resize(vocab_size, TokenType::kUnused);
  bool strips = false;
  for (const tokenizer::AddedToken& token : spec.added_tokens) {
    strips |= token.strips_left || token.strips_right;
    vocabulary.types[token.id] =
        token.is_special ? TokenType::kControl : TokenType::kUserDefined;
  }
  if (strips) {
    result.notes.push_back(
        "GGUF cannot say that a token takes the white space beside it (lstrip, "
        "rstrip)");
  }
  if (spec.bpe.unknown)
    vocabulary.types[*spec.bpe.unknown] = TokenType::kUnknown;
  for (int id = 0; id < vocab_size; ++id) {
    if (!vocabulary.tokens[id].empty()) continue;
    vocabulary.tokens[id] = UnusedTokenName(id);
    vocabulary.types[id] = TokenType::kUnused;
  }
}

// The one id that goes before (or after) each text; none where there is none.
absl::StatusOr<std::optional<int32_t>> AtMostOne(
    const std::vector<int32_t>& ids) {
  if (ids.empty()) return std::nullopt;
  if (ids.size() == 1) return ids[0];
  return absl::UnimplementedError(
      "the post_processor adds several tokens on one side: GGUF can say one");
}

// tokenizer_config.json's `field` ("bos_token": a text, or an object with its
// "content"), else config.json's `field`_id (a number, or a list of them).
std::optional<int32_t> SpecialId(const ModelDirectory& directory,
                                 const Vocabulary& vocabulary,
                                 const std::string& field) {
  const auto find = [](const Json& object, const std::string& key) -> Json {
    if (!object.is_object()) return nullptr;
    const auto it = object.find(key);
    return it == object.end() ? Json() : *it;
  };
  Json text = find(directory.tokenizer_config, field);
  if (text.is_object()) text = find(text, "content");
  if (text.is_string()) {
    const auto it =
        std::find(vocabulary.tokens.begin(), vocabulary.tokens.end(),
                  text.get_ref<const std::string&>());
    if (it != vocabulary.tokens.end()) return it - vocabulary.tokens.begin();
  }
  Json id = find(directory.config, field + "_id");
  if (id.is_array() && !id.empty()) id = Json(id[0]);
  if (!id.is_number_unsigned() ||
      id.get<uint64_t>() >= vocabulary.tokens.size()) {
    return std::nullopt;
  }
  return static_cast<int32_t>(id.get<uint64_t>());
}

absl::Status TakeSpecialIds(const ModelDirectory& directory,
                            const TokenizerSpec& spec, Vocabulary& vocabulary) {
  vocabulary.bos = SpecialId(directory, vocabulary, "bos_token");
  vocabulary.eos = SpecialId(directory, vocabulary, "eos_token");
  vocabulary.padding = SpecialId(directory, vocabulary, "pad_token");
  if (!vocabulary.unknown) {
    vocabulary.unknown = SpecialId(directory, vocabulary, "unk_token");
  }
  ASSIGN_OR_RETURN(const std::optional<int32_t> first,
                   AtMostOne(spec.prefix_ids));
  ASSIGN_OR_RETURN(const std::optional<int32_t> last,
                   AtMostOne(spec.suffix_ids));
  if (first) vocabulary.bos = first;
  if (last) vocabulary.eos = last;
  vocabulary.add_bos = first.has_value();
  vocabulary.add_eos = last.has_value();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ConvertedVocabulary> VocabularyFromDirectory(
    const ModelDirectory& directory, int vocab_size) {
  if (!directory.tokenizer_json.has_value()) {
    return absl::NotFoundError(
        absl::StrCat(directory.path, " has no tokenizer.json"));
  }
  ASSIGN_OR_RETURN(const TokenizerSpec spec,
                   tokenizer::SpecFromTokenizerJson(*directory.tokenizer_json));
  if (spec.tokens.size() > vocab_size) {
    return absl::InvalidArgumentError(
        absl::StrCat("tokenizer.json has ", spec.tokens.size(),
                     " tokens, more than vocab_size, ", vocab_size));
  }
  ConvertedVocabulary result;
  TakeTokens(spec, vocab_size, result);
  if (spec.bpe.alphabet == BpeSpec::Alphabet::kBytes) {
    RETURN_IF_ERROR(TakeByteLevel(spec, result.vocabulary));
  } else {
    RETURN_IF_ERROR(TakeSentencePiece(spec, result));
  }
  RETURN_IF_ERROR(TakeSpecialIds(directory, spec, result.vocabulary));
  return result;
}

void AddVocabulary(const Vocabulary& vocabulary, GgufHeader& header) {
  const std::string prefix = "tokenizer.ggml.";
  const bool is_sentence_piece =
      vocabulary.kind == Vocabulary::Kind::kSentencePieceBpe;
  header.AddString(prefix + "model", is_sentence_piece ? "llama" : "gpt2");
  header.AddString(prefix + "pre", vocabulary.pre_tokenizer);
  header.AddStrings(prefix + "tokens", vocabulary.tokens);
  std::vector<int32_t> types;
  for (const TokenType type : vocabulary.types) {
    types.push_back(static_cast<int32_t>(type));
  }
  header.AddInt32s(prefix + "token_type", types);
  if (is_sentence_piece) {
    header.AddFloat32s(prefix + "scores", vocabulary.scores);
  } else {
    std::vector<std::string> merges;
    for (const auto& [left, right] : vocabulary.merges) {
      merges.push_back(absl::StrCat(left, " ", right));
    }
    header.AddStrings(prefix + "merges", merges);
  }
  const auto add_id = [&](const char* name, const std::optional<int32_t>& id) {
    if (id) header.AddUint32(absl::StrCat(prefix, name, "_token_id"), *id);
  };
  add_id("bos", vocabulary.bos);
  add_id("eos", vocabulary.eos);
  add_id("unknown", vocabulary.unknown);
  add_id("padding", vocabulary.padding);
  header.AddBool(prefix + "add_bos_token", vocabulary.add_bos);
  header.AddBool(prefix + "add_eos_token", vocabulary.add_eos);
  header.AddBool(prefix + "add_space_prefix", vocabulary.add_space_prefix);
}

}  // namespace tessera::model
