#include "libs/base/status_macros.h"
#include "tools/convert/pre_tokenizer_json.h"
#include "tools/convert/tokenizer_json.h"

namespace tessera::convert {

using tokenizer::TokenType;
using tokenizer::Vocabulary;
using Json = nlohmann::json;

namespace {

TokenType TypeOf(const Vocabulary& vocabulary, size_t id) {
  return vocabulary.types.empty() ? TokenType::kNormal : vocabulary.types[id];
}

Json AddedTokens(const Vocabulary& vocabulary) {
  Json added = Json::array();
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const TokenType type = TypeOf(vocabulary, id);
    const bool is_special =
        type == TokenType::kControl || type == TokenType::kUnknown;
    if (!is_special && type != TokenType::kUserDefined) continue;
    added.push_back({{"id", id},
                     {"content", vocabulary.tokens[id]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", is_special}});
  }
  return added;
}

Json BytePairModel(const Vocabulary& vocabulary) {
  Json ids = Json::object();
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    ids[vocabulary.tokens[id]] = id;
  }
  Json merges = Json::array();
  for (const auto& [left, right] : vocabulary.merges) {
    merges.push_back(left + " " + right);
  }
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", nullptr},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", false},
          {"byte_fallback", false},
          {"ignore_merges", IgnoresMerges(vocabulary.pre_tokenizer)},
          {"vocab", std::move(ids)},
          {"merges", std::move(merges)}};
}

// Puts BOS before and EOS after a text, whichever are wanted.
Json PostProcessor(const Vocabulary& vocabulary) {
  Json single = Json::array();
  Json specials = Json::object();
  const auto add = [&](int32_t id) {
    const std::string& token = vocabulary.tokens[id];
    single.push_back({{"SpecialToken", {{"id", token}, {"type_id", 0}}}});
    specials[token] = {{"id", token},
                       {"ids", Json::array({id})},
                       {"tokens", Json::array({token})}};
  };
  if (vocabulary.add_bos) add(*vocabulary.bos);
  single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
  if (vocabulary.add_eos) add(*vocabulary.eos);
  if (specials.empty()) return nullptr;
  Json pair = single;
  pair.push_back({{"Sequence", {{"id", "B"}, {"type_id", 1}}}});
  return {{"type", "TemplateProcessing"},
          {"single", std::move(single)},
          {"pair", std::move(pair)},
          {"special_tokens", std::move(specials)}};
}

}  // namespace

absl::StatusOr<Json> ToTokenizerJson(const Vocabulary& vocabulary) {
  if (vocabulary.kind != Vocabulary::Kind::kByteLevelBpe) {
    return absl::UnimplementedError(
        "a SentencePiece vocabulary is not written as tokenizer.json; "
        "byte-level BPE is");
  }
  ASSIGN_OR_RETURN(Json pre_tokenizer,
                   PreTokenizerJson(vocabulary.pre_tokenizer));
  Json normalizer;
  if (ComposesCharacters(vocabulary.pre_tokenizer)) {
    normalizer = {{"type", "NFC"}};
  }
  return Json{{"version", "1.0"},
              {"truncation", nullptr},
              {"padding", nullptr},
              {"added_tokens", AddedTokens(vocabulary)},
              {"normalizer", std::move(normalizer)},
              {"pre_tokenizer", std::move(pre_tokenizer)},
              {"post_processor", PostProcessor(vocabulary)},
              {"decoder",
               {{"type", "ByteLevel"},
                {"add_prefix_space", true},
                {"trim_offsets", true},
                {"use_regex", true}}},
              {"model", BytePairModel(vocabulary)}};
}

Json ToTokenizerConfig(const Vocabulary& vocabulary,
                       const std::string& chat_template) {
  Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                 {"clean_up_tokenization_spaces", false},
                 {"add_bos_token", vocabulary.add_bos},
                 {"add_eos_token", vocabulary.add_eos}};
  const auto add = [&](const char* key, std::optional<int32_t> id) {
    if (id.has_value()) config[key] = vocabulary.tokens[*id];
  };
  add("bos_token", vocabulary.bos);
  add("eos_token", vocabulary.eos);
  add("unk_token", vocabulary.unknown);
  add("pad_token", vocabulary.padding);
  if (!chat_template.empty()) config["chat_template"] = chat_template;
  return config;
}

}  // namespace tessera::convert
