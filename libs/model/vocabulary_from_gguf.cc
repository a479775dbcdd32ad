#include "libs/model/vocabulary_from_gguf.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace tessera::model {

using tokenizer::TokenType;
using tokenizer::Vocabulary;

namespace {

// A field that a file need not have.
template <typename T>
absl::StatusOr<std::optional<T>> IfPresent(absl::StatusOr<T> value) {
  if (value.ok()) return std::optional<T>(*std::move(value));
  if (absl::IsNotFound(value.status())) return std::optional<T>();
  return value.status();
}

absl::Status Invalid(const GgufFile& file, absl::string_view key,
                     absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(file.path(), ": ", key, ": ", what));
}

absl::Status ReadKind(const GgufFile& file, Vocabulary* vocabulary) {
  ASSIGN_OR_RETURN(const absl::string_view model,
                   file.GetString("tokenizer.ggml.model"));
  if (model == "gpt2") {
    vocabulary->kind = Vocabulary::Kind::kByteLevelBpe;
  } else if (model == "llama") {
    vocabulary->kind = Vocabulary::Kind::kSentencePieceBpe;
  } else {
    return absl::UnimplementedError(absl::StrCat(
        file.path(), ": tokenizer.ggml.model is \"", model,
        "\", which is not supported; supported: gpt2 (byte-level BPE), llama "
        "(SentencePiece-style BPE)"));
  }
  ASSIGN_OR_RETURN(const std::optional<absl::string_view> pre,
                   IfPresent(file.GetString("tokenizer.ggml.pre")));
  vocabulary->pre_tokenizer = std::string(pre.value_or("default"));
  return absl::OkStatus();
}

absl::Status ReadTokens(const GgufFile& file, Vocabulary* vocabulary) {
  ASSIGN_OR_RETURN(const std::vector<absl::string_view> tokens,
                   file.GetStrings("tokenizer.ggml.tokens"));
  vocabulary->tokens = std::vector<std::string>(tokens.begin(), tokens.end());
  constexpr char kTypes[] = "tokenizer.ggml.token_type";
  ASSIGN_OR_RETURN(const std::optional<std::vector<int64_t>> types,
                   IfPresent(file.GetInts(kTypes)));
  for (const int64_t type : types.value_or(std::vector<int64_t>())) {
    if (type < 1 || type > 6) {
      return Invalid(file, kTypes,
                     absl::StrCat("a type of ", type, ": must be from 1 to 6"));
    }
    vocabulary->types.push_back(static_cast<TokenType>(type));
  }
  ASSIGN_OR_RETURN(const std::optional<std::vector<double>> scores,
                   IfPresent(file.GetFloats("tokenizer.ggml.scores")));
  if (scores.has_value()) {
    vocabulary->scores.assign(scores->begin(), scores->end());
  }
  return absl::OkStatus();
}

// Each is two tokens with a space between, in GPT-2's byte alphabet, which has
// no space of its own.
absl::Status ReadMerges(const GgufFile& file, Vocabulary* vocabulary) {
  if (vocabulary->kind != Vocabulary::Kind::kByteLevelBpe) {
    return absl::OkStatus();
  }
  constexpr char kMerges[] = "tokenizer.ggml.merges";
  ASSIGN_OR_RETURN(const std::vector<absl::string_view> merges,
                   file.GetStrings(kMerges));
  vocabulary->merges.reserve(merges.size());
  for (size_t i = 0; i < merges.size(); ++i) {
    const size_t space = merges[i].find(' ');
    if (space == absl::string_view::npos) {
      return Invalid(file, kMerges,
                     absl::StrCat("entry ", i, " has no space in it"));
    }
    vocabulary->merges.emplace_back(std::string(merges[i].substr(0, space)),
                                    std::string(merges[i].substr(space + 1)));
  }
  return absl::OkStatus();
}

absl::Status ReadId(const GgufFile& file, absl::string_view name,
                    std::optional<int32_t>* id) {
  const std::string key = absl::StrCat("tokenizer.ggml.", name, "_token_id");
  ASSIGN_OR_RETURN(const std::optional<uint64_t> value,
                   IfPresent(file.GetUint(key)));
  if (!value.has_value()) return absl::OkStatus();
  if (*value > std::numeric_limits<int32_t>::max()) {
    return Invalid(file, key, absl::StrCat(*value, " is no token"));
  }
  *id = static_cast<int32_t>(*value);
  return absl::OkStatus();
}

absl::Status ReadBool(const GgufFile& file, absl::string_view name,
                      bool default_value, bool* value) {
  ASSIGN_OR_RETURN(
      const std::optional<bool> read,
      IfPresent(file.GetBool(absl::StrCat("tokenizer.ggml.", name))));
  *value = read.value_or(default_value);
  return absl::OkStatus();
}

// What a file leaves unsaid is as llama.cpp takes it: SentencePiece puts BOS
// and a space before a text, and so does Llama 3 with its BOS.
absl::Status ReadSpecial(const GgufFile& file, Vocabulary* vocabulary) {
  RETURN_IF_ERROR(ReadId(file, "bos", &vocabulary->bos));
  RETURN_IF_ERROR(ReadId(file, "eos", &vocabulary->eos));
  RETURN_IF_ERROR(ReadId(file, "eot", &vocabulary->eot));
  RETURN_IF_ERROR(ReadId(file, "unknown", &vocabulary->unknown));
  RETURN_IF_ERROR(ReadId(file, "padding", &vocabulary->padding));
  const bool is_sentence_piece =
      vocabulary->kind == Vocabulary::Kind::kSentencePieceBpe;
  const bool is_llama3 =
      !is_sentence_piece && (vocabulary->pre_tokenizer == "llama-bpe" ||
                             vocabulary->pre_tokenizer == "llama3");
  RETURN_IF_ERROR(ReadBool(file, "add_bos_token",
                           vocabulary->bos && (is_sentence_piece || is_llama3),
                           &vocabulary->add_bos));
  RETURN_IF_ERROR(ReadBool(file, "add_eos_token", false, &vocabulary->add_eos));
  return ReadBool(file, "add_space_prefix", is_sentence_piece,
                  &vocabulary->add_space_prefix);
}

}  // namespace

absl::StatusOr<Vocabulary> ReadGgufVocabulary(const GgufFile& file) {
  Vocabulary vocabulary;
  RETURN_IF_ERROR(ReadKind(file, &vocabulary));
  RETURN_IF_ERROR(ReadTokens(file, &vocabulary));
  RETURN_IF_ERROR(ReadMerges(file, &vocabulary));
  RETURN_IF_ERROR(ReadSpecial(file, &vocabulary));
  return vocabulary;
}

}  // namespace tessera::model
