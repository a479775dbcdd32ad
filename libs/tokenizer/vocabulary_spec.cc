#include "libs/tokenizer/vocabulary_spec.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/status_macros.h"
#include "libs/tokenizer/utf8.h"
#include "libs/tokenizer/word_scanner.h"

namespace tessera::tokenizer {
namespace {

SplitStep Pattern(absl::string_view regex) {
  return {SplitStep::Kind::kPattern, std::string(regex)};
}

// What a name of tokenizer.ggml.pre means.
struct NamedPreTokenizer {
  const char* name;
  std::vector<SplitStep> splits;
  bool composes = false;  // NFC
  bool ignore_merges = false;
};

std::vector<NamedPreTokenizer> NamedPreTokenizers() {
  const SplitStep gpt2 = Pattern(RegexOf(WordPattern::kGpt2));
  const SplitStep llama3 = Pattern(RegexOf(WordPattern::kLlama3));
  return {
      {"smollm", {{SplitStep::Kind::kEachNumber, ""}, gpt2}},
      {"gpt-2", {gpt2}},
      {"llama-bpe", {llama3}, false, true},
      {"llama3", {llama3}, false, true},
      {"qwen2", {Pattern(RegexOf(WordPattern::kQwen2))}, true},
      // What llama.cpp does with a file that names nothing.
      {"default",
       {Pattern(R"([\p{P}\$\+<=>\^~\|]+)"), gpt2, Pattern(R"(\p{N}+)"),
        Pattern("[0-9][0-9][0-9]")}},
  };
}

absl::Status ApplyPreTokenizer(const std::string& name, TokenizerSpec* spec) {
  const std::vector<NamedPreTokenizer> known = NamedPreTokenizers();
  for (const NamedPreTokenizer& named : known) {
    if (name != named.name) continue;
    spec->splits = named.splits;
    spec->bpe.ignore_merges = named.ignore_merges;
    if (named.composes)
      spec->normalizers.push_back({NormalizerStep::Kind::kNfc, "", ""});
    return absl::OkStatus();
  }
  return absl::UnimplementedError(absl::StrCat(
      "pre_tokenizer \"", name, "\" is not supported; supported: ",
      absl::StrJoin(known, ", ",
                    [](std::string* out, const NamedPreTokenizer& named) {
                      absl::StrAppend(out, named.name);
                    })));
}

// A merge that scores imply, in the order in which Hugging Face lists them:
// by the score of what it makes, then by ids.
struct ScoredMerge {
  float score;
  int32_t token;
  int32_t left;
  int32_t right;

  bool operator<(const ScoredMerge& other) const {
    return std::tie(other.score, token, left, right) <
           std::tie(score, other.token, other.left, other.right);
  }
};

// Every way to make a token of two others.
std::vector<ScoredMerge> FindScoredMerges(const Vocabulary& vocabulary,
                                          const std::vector<TokenType>& types) {
  absl::flat_hash_map<absl::string_view, int32_t> ids;
  ids.reserve(vocabulary.tokens.size());
  const auto is_text = [&](size_t id) {
    return types[id] == TokenType::kNormal || types[id] == TokenType::kUnused;
  };
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (is_text(id)) ids.emplace(vocabulary.tokens[id], id);
  }
  std::vector<ScoredMerge> merges;
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (!is_text(id)) continue;
    const absl::string_view text = vocabulary.tokens[id];
    // Cut behind each character but the last.
    for (size_t cut = 0; cut < text.size();) {
      cut += DecodeValid(text.data() + cut).num_bytes;
      if (cut == text.size()) break;
      const auto left = ids.find(text.substr(0, cut));
      if (left == ids.end()) continue;
      const auto right = ids.find(text.substr(cut));
      if (right == ids.end()) continue;
      merges.push_back({vocabulary.scores[id], static_cast<int32_t>(id),
                        left->second, right->second});
    }
  }
  std::sort(merges.begin(), merges.end());
  return merges;
}

void AddSentencePieceSteps(const Vocabulary& vocabulary, TokenizerSpec* spec) {
  spec->bpe.alphabet = BpeSpec::Alphabet::kCharacters;
  for (const ScoredMerge& merge : FindScoredMerges(vocabulary, spec->types)) {
    spec->bpe.merges.emplace_back(vocabulary.tokens[merge.left],
                                  vocabulary.tokens[merge.right]);
  }
  spec->bpe.unknown = vocabulary.unknown;
  spec->bpe.fuse_unknown = true;
  spec->bpe.byte_fallback = true;
  if (vocabulary.add_space_prefix) {
    spec->normalizers.push_back(
        {NormalizerStep::Kind::kPrepend, "", kSpaceMarker});
    spec->strips_leading_space = true;
  }
  spec->normalizers.push_back(
      {NormalizerStep::Kind::kReplace, " ", kSpaceMarker});
}

void AddAddedTokens(TokenizerSpec* spec) {
  for (size_t id = 0; id < spec->tokens.size(); ++id) {
    const TokenType type = spec->types[id];
    const bool is_special =
        type == TokenType::kControl || type == TokenType::kUnknown;
    if (!is_special && type != TokenType::kUserDefined) continue;
    if (spec->tokens[id].empty()) continue;  // no text is its text
    AddedToken token;
    token.id = id;
    token.text = spec->tokens[id];
    token.is_special = is_special;
    spec->added_tokens.push_back(std::move(token));
  }
}

}  // namespace

absl::StatusOr<TokenizerSpec> SpecFromVocabulary(Vocabulary vocabulary) {
  RETURN_IF_ERROR(vocabulary.Validate());
  TokenizerSpec spec;
  spec.types = std::move(vocabulary.types);
  spec.types.resize(vocabulary.tokens.size(), TokenType::kNormal);
  if (vocabulary.kind == Vocabulary::Kind::kSentencePieceBpe) {
    AddSentencePieceSteps(vocabulary, &spec);
  } else {
    // `unknown` is for other tools: what a byte-level vocabulary lacks is
    // dropped, as in Hugging Face's.
    RETURN_IF_ERROR(ApplyPreTokenizer(vocabulary.pre_tokenizer, &spec));
    spec.bpe.merges = std::move(vocabulary.merges);
  }
  spec.tokens = std::move(vocabulary.tokens);
  AddAddedTokens(&spec);
  if (vocabulary.add_bos) spec.prefix_ids.push_back(*vocabulary.bos);
  if (vocabulary.add_eos) spec.suffix_ids.push_back(*vocabulary.eos);
  spec.bos = vocabulary.bos;
  spec.eos = vocabulary.eos;
  if (vocabulary.eos.has_value()) spec.ends.push_back(*vocabulary.eos);
  if (vocabulary.eot.has_value()) spec.ends.push_back(*vocabulary.eot);
  return spec;
}

}  // namespace tessera::tokenizer
