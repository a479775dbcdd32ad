#include "libs/tokenizer/tokenizer_json.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/json/json.h"
#include "libs/json/json_field.h"
#include "libs/tokenizer/tokenizer_json_steps.h"

namespace tessera::tokenizer {
namespace {

// Ids may have gaps, but not so many that a short file makes a huge table.
size_t MaxVocabSize(size_t num_tokens) { return 2 * num_tokens + 1024; }

absl::StatusOr<size_t> ReadId(const nlohmann::json& value,
                              const std::string& path, size_t limit) {
  const auto* id = value.get_ptr<const uint64_t*>();
  if (id == nullptr || *id >= limit) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": must be an id of 0 to ", limit - 1,
                     " (twice the number of tokens)"));
  }
  return static_cast<size_t>(*id);
}

// Gives `id` its text; the table grows as far as it has to.
absl::Status AddToken(size_t id, const std::string& text,
                      const std::string& path, TokenizerSpec* spec) {
  if (id >= spec->tokens.size()) {
    spec->tokens.resize(id + 1);
    spec->types.resize(id + 1, TokenType::kUnused);
  }
  if (!spec->tokens[id].empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": the id ", id, " belongs to \"", spec->tokens[id],
                     "\" already"));
  }
  spec->tokens[id] = text;
  spec->types[id] = TokenType::kNormal;
  return absl::OkStatus();
}

absl::Status ReadVocab(const JsonField& field, size_t limit,
                       TokenizerSpec* spec) {
  RETURN_IF_ERROR(field.ExpectObject());
  for (const auto& entry : field.value().items()) {
    const std::string path =
        absl::StrCat(field.path(), "[\"", entry.key(), "\"]");
    ASSIGN_OR_RETURN(const size_t id, ReadId(entry.value(), path, limit));
    RETURN_IF_ERROR(AddToken(id, entry.key(), path, spec));
    const bool is_byte =
        entry.key().size() == 6 && absl::StartsWith(entry.key(), "<0x");
    if (is_byte && spec->bpe.byte_fallback) spec->types[id] = TokenType::kByte;
  }
  return absl::OkStatus();
}

// A merge is "left right" or ["left", "right"].
absl::Status ReadMerges(const JsonField& field, BpeSpec* bpe) {
  ASSIGN_OR_RETURN(const size_t size, field.ArraySize());
  bpe->merges.reserve(size);
  for (size_t i = 0; i < size; ++i) {
    const JsonField merge = field.At(i);
    if (merge.value().is_array() && merge.value().size() == 2) {
      ASSIGN_OR_RETURN(std::string left, merge.At(0).String());
      ASSIGN_OR_RETURN(std::string right, merge.At(1).String());
      bpe->merges.emplace_back(std::move(left), std::move(right));
      continue;
    }
    ASSIGN_OR_RETURN(const std::string text, merge.String());
    const size_t space = text.find(' ');
    if (space == std::string::npos ||
        text.find(' ', space + 1) != std::string::npos) {
      return merge.Error("must be two tokens with a space between them");
    }
    bpe->merges.emplace_back(text.substr(0, space), text.substr(space + 1));
  }
  return absl::OkStatus();
}

absl::Status RefuseModelOptions(const JsonField& model) {
  const nlohmann::json& dropout = model.Get("dropout").value();
  if (!dropout.is_null() && dropout != 0)
    return model.Get("dropout").Unsupported("not supported");
  for (const char* name : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const nlohmann::json& affix = model.Get(name).value();
    if (!affix.is_null() && affix != "")
      return model.Get(name).Unsupported("not supported");
  }
  return absl::OkStatus();
}

absl::Status ReadModel(const JsonField& model, size_t limit,
                       TokenizerSpec* spec) {
  RETURN_IF_ERROR(model.ExpectObject());
  const JsonField type = model.Get("type");  // old files have none
  if (!type.IsNull()) {
    ASSIGN_OR_RETURN(const std::string name, type.String());
    if (name != "BPE")
      return type.Unsupported(
          absl::StrCat("\"", name, "\" is not supported; supported: BPE"));
  }
  RETURN_IF_ERROR(RefuseModelOptions(model));
  BpeSpec& bpe = spec->bpe;
  ASSIGN_OR_RETURN(bpe.fuse_unknown, model.Get("fuse_unk").Bool(false));
  ASSIGN_OR_RETURN(bpe.byte_fallback, model.Get("byte_fallback").Bool(false));
  ASSIGN_OR_RETURN(bpe.ignore_merges, model.Get("ignore_merges").Bool(false));
  RETURN_IF_ERROR(ReadVocab(model.Get("vocab"), limit, spec));
  RETURN_IF_ERROR(ReadMerges(model.Get("merges"), &bpe));
  const JsonField unknown = model.Get("unk_token");
  if (unknown.IsNull()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string name, unknown.String());
  const auto id = model.Get("vocab").value().find(name);
  if (id == model.Get("vocab").value().end())
    return unknown.Error("is not in model.vocab");
  bpe.unknown = static_cast<int32_t>(id->get<uint64_t>());
  return absl::OkStatus();
}

absl::Status ReadAddedToken(const JsonField& field, const nlohmann::json& vocab,
                            size_t limit, TokenizerSpec* spec) {
  AddedToken token;
  ASSIGN_OR_RETURN(token.text, field.Get("content").String());
  ASSIGN_OR_RETURN(const size_t id, ReadId(field.Get("id").value(),
                                           field.Get("id").path(), limit));
  token.id = static_cast<int32_t>(id);
  ASSIGN_OR_RETURN(const bool single_word,
                   field.Get("single_word").Bool(false));
  if (single_word) return field.Get("single_word").Unsupported("not supported");
  ASSIGN_OR_RETURN(token.strips_left, field.Get("lstrip").Bool(false));
  ASSIGN_OR_RETURN(token.strips_right, field.Get("rstrip").Bool(false));
  ASSIGN_OR_RETURN(token.is_special, field.Get("special").Bool(false));
  ASSIGN_OR_RETURN(token.is_normalized,
                   field.Get("normalized").Bool(!token.is_special));
  const auto known = vocab.find(token.text);
  if (known == vocab.end()) {
    RETURN_IF_ERROR(AddToken(id, token.text, field.path(), spec));
    spec->types[id] = TokenType::kUserDefined;
  } else if (*known != id) {
    return field.Get("id").Error(
        absl::StrCat("model.vocab has \"", token.text, "\" under another id"));
  }
  if (token.is_special) spec->types[id] = TokenType::kControl;
  spec->added_tokens.push_back(std::move(token));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TokenizerSpec> SpecFromTokenizerJson(absl::string_view text) {
  ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson(text));
  const JsonField root(&json, "");
  if (!json.is_object())
    return absl::InvalidArgumentError("a tokenizer.json is an object");
  TokenizerSpec spec;
  const JsonField model = root.Get("model");
  const JsonField added = root.Get("added_tokens");
  size_t num_added = 0;
  if (!added.IsNull()) {
    ASSIGN_OR_RETURN(num_added, added.ArraySize());
  }
  const size_t limit =
      MaxVocabSize(model.Get("vocab").value().size() + num_added);
  RETURN_IF_ERROR(ReadModel(model, limit, &spec));
  for (size_t i = 0; i < num_added; ++i) {
    RETURN_IF_ERROR(
        ReadAddedToken(added.At(i), model.Get("vocab").value(), limit, &spec));
  }
  if (spec.tokens.empty()) return model.Get("vocab").Error("has no tokens");
  RETURN_IF_ERROR(ReadNormalizer(root.Get("normalizer"), &spec));
  RETURN_IF_ERROR(ReadPreTokenizer(root.Get("pre_tokenizer"), &spec));
  RETURN_IF_ERROR(ReadPostProcessor(root.Get("post_processor"), &spec));
  RETURN_IF_ERROR(ReadDecoder(root.Get("decoder"), &spec));
  if (spec.bpe.alphabet == BpeSpec::Alphabet::kBytes &&
      spec.bpe.byte_fallback) {
    return model.Get("byte_fallback")
        .Unsupported("not supported beside ByteLevel");
  }
  return spec;
}

}  // namespace tessera::tokenizer
