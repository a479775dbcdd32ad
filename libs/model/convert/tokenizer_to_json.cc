#include "libs/model/convert/tokenizer_to_json.h"

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/model/convert/unused_tokens.h"
#include "libs/tokenizer/tokenizer_spec.h"
#include "libs/tokenizer/vocabulary_spec.h"

namespace tessera::model {
namespace {

using Json = nlohmann::json;
using tokenizer::BpeSpec;
using tokenizer::kSpaceMarker;
using tokenizer::NormalizerStep;
using tokenizer::SplitStep;
using tokenizer::TokenizerSpec;
using tokenizer::Vocabulary;

// Null for none, the part for one, else a Sequence under `list_key`.
Json Sequence(std::vector<Json> parts, const char* list_key) {
  if (parts.empty()) return nullptr;
  if (parts.size() == 1) return parts[0];
  return {{"type", "Sequence"}, {list_key, parts}};
}

Json Replace(absl::string_view pattern, absl::string_view content) {
  return {{"type", "Replace"},
          {"pattern", {{"String", std::string(pattern)}}},
          {"content", std::string(content)}};
}

Json Normalizer(const TokenizerSpec& spec) {
  std::vector<Json> parts;
  for (const NormalizerStep& step : spec.normalizers) {
    switch (step.kind) {
      case NormalizerStep::Kind::kNfc:
        parts.push_back({{"type", "NFC"}});
        break;
      case NormalizerStep::Kind::kPrepend:
        parts.push_back({{"type", "Prepend"}, {"prepend", step.content}});
        break;
      case NormalizerStep::Kind::kReplace:
        parts.push_back(Replace(step.pattern, step.content));
        break;
    }
  }
  return Sequence(std::move(parts), "normalizers");
}

// A vocabulary's splits are patterns and numbers alone.
Json Split(const SplitStep& step) {
  if (step.kind == SplitStep::Kind::kEachNumber) {
    return {{"type", "Digits"}, {"individual_digits", true}};
  }
  return {{"type", "Split"},
          {"pattern", {{"Regex", step.pattern}}},
          {"behavior", "Isolated"},
          {"invert", false}};
}

Json ByteLevel() {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", true},
          {"use_regex", false}};
}

Json PreTokenizer(const TokenizerSpec& spec) {
  std::vector<Json> parts;
  for (const SplitStep& step : spec.splits) parts.push_back(Split(step));
  if (spec.bpe.alphabet == BpeSpec::Alphabet::kBytes) {
    parts.push_back(ByteLevel());
  }
  return Sequence(std::move(parts), "pretokenizers");
}

Json Decoder(const TokenizerSpec& spec) {
  if (spec.bpe.alphabet == BpeSpec::Alphabet::kBytes) return ByteLevel();
  std::vector<Json> parts = {Replace(kSpaceMarker, " "),
                             {{"type", "ByteFallback"}},
                             {{"type", "Fuse"}}};
  if (spec.strips_leading_space) {
    parts.push_back(
        {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  }
  return Sequence(std::move(parts), "decoders");
}

Json SequencePiece(const char* id, int type_id) {
  return {{"Sequence", {{"id", id}, {"type_id", type_id}}}};
}

Json PostProcessor(const TokenizerSpec& spec) {
  if (spec.prefix_ids.empty() && spec.suffix_ids.empty()) return nullptr;
  Json special = Json::object();
  const auto pieces = [&](const char* id, int type_id) {
    Json list = Json::array();
    const auto add = [&](const std::vector<int32_t>& ids) {
      for (const int32_t token : ids) {
        const std::string& text = spec.tokens[token];
        list.push_back(
            {{"SpecialToken", {{"id", text}, {"type_id", type_id}}}});
        special[text] = {{"id", text},
                         {"ids", Json::array({token})},
                         {"tokens", Json::array({text})}};
      }
    };
    add(spec.prefix_ids);
    list.push_back(SequencePiece(id, type_id));
    add(spec.suffix_ids);
    return list;
  };
  const Json single = pieces("A", 0);
  Json pair = single;
  for (const Json& piece : pieces("B", 1)) pair.push_back(piece);
  return {{"type", "TemplateProcessing"},
          {"single", single},
          {"pair", pair},
          {"special_tokens", special}};
}

Json AddedTokens(const TokenizerSpec& spec) {
  Json list = Json::array();
  for (const tokenizer::AddedToken& token : spec.added_tokens) {
    list.push_back({{"id", token.id},
                    {"content", token.text},
                    {"single_word", false},
                    {"lstrip", token.strips_left},
                    {"rstrip", token.strips_right},
                    {"normalized", token.is_normalized},
                    {"special", token.is_special}});
  }
  return list;
}

// Each "left right"; as pairs where a half has a space of its own.
Json Merges(const BpeSpec& bpe) {
  bool has_space = false;
  for (const auto& [left, right] : bpe.merges) {
    has_space |= absl::StrContains(left, ' ') || absl::StrContains(right, ' ');
  }
  Json list = Json::array();
  for (const auto& [left, right] : bpe.merges) {
    list.push_back(has_space ? Json::array({left, right})
                             : Json(absl::StrCat(left, " ", right)));
  }
  return list;
}

Json Model(const TokenizerSpec& spec) {
  Json vocab = Json::object();
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    if (spec.tokens[id] != UnusedTokenName(id)) vocab[spec.tokens[id]] = id;
  }
  const std::optional<int32_t> unknown = spec.bpe.unknown;
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", unknown ? Json(spec.tokens[*unknown]) : Json()},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", spec.bpe.fuse_unknown},
          {"byte_fallback", spec.bpe.byte_fallback},
          {"ignore_merges", spec.bpe.ignore_merges},
          {"vocab", std::move(vocab)},
          {"merges", Merges(spec.bpe)}};
}

}  // namespace

absl::StatusOr<Json> TokenizerToJson(const Vocabulary& vocabulary) {
  ASSIGN_OR_RETURN(const TokenizerSpec spec,
                   tokenizer::SpecFromVocabulary(vocabulary));
  return Json{{"version", "1.0"},
              {"truncation", nullptr},
              {"padding", nullptr},
              {"added_tokens", AddedTokens(spec)},
              {"normalizer", Normalizer(spec)},
              {"pre_tokenizer", PreTokenizer(spec)},
              {"post_processor", PostProcessor(spec)},
              {"decoder", Decoder(spec)},
              {"model", Model(spec)}};
}

Json TokenizerConfigToJson(const Vocabulary& vocabulary,
                           absl::string_view chat_template,
                           int64_t context_len) {
  Json json = {{"tokenizer_class", "PreTrainedTokenizerFast"},
               {"clean_up_tokenization_spaces", false},
               {"model_max_length", context_len}};
  const auto add = [&](const char* field, const std::optional<int32_t>& id) {
    if (id) json[field] = vocabulary.tokens[*id];
  };
  add("bos_token", vocabulary.bos);
  add("eos_token", vocabulary.eos);
  add("unk_token", vocabulary.unknown);
  add("pad_token", vocabulary.padding);
  if (!chat_template.empty()) {
    json["chat_template"] = std::string(chat_template);
  }
  return json;
}

}  // namespace tessera::model
