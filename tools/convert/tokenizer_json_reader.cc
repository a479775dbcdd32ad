#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "tools/convert/pre_tokenizer_json.h"
#include "tools/convert/tokenizer_json.h"

namespace tessera::convert {

using tokenizer::TokenType;
using tokenizer::Vocabulary;
using Json = nlohmann::json;

namespace {

constexpr int64_t kMaxTokens = 1 << 24;

absl::Status Invalid(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("tokenizer.json: ", what));
}

// The member, or null: of no object as well.
Json Member(const Json& json, const char* key) {
  return json.is_object() ? json.value(key, Json()) : Json();
}

absl::Status PutToken(const std::string& text, const Json& id, TokenType type,
                      Vocabulary* vocabulary) {
  if (!id.is_number_unsigned() || id.get<uint64_t>() >= kMaxTokens) {
    return Invalid(absl::StrCat("the id of \"", text, "\" is ", id.dump()));
  }
  const size_t index = id.get<size_t>();
  // Ids that nothing has keep their place in the model's matrices.
  while (vocabulary->tokens.size() <= index) {
    vocabulary->tokens.push_back(
        absl::StrCat("[PAD", vocabulary->tokens.size(), "]"));
    vocabulary->types.push_back(TokenType::kUnused);
  }
  vocabulary->tokens[index] = text;
  vocabulary->types[index] = type;
  return absl::OkStatus();
}

absl::Status ReadTokens(const Json& root, Vocabulary* vocabulary) {
  const Json vocab = Member(Member(root, "model"), "vocab");
  if (!vocab.is_object()) return Invalid("model.vocab is no object");
  for (const auto& [text, id] : vocab.items()) {
    RETURN_IF_ERROR(PutToken(text, id, TokenType::kNormal, vocabulary));
  }
  const Json added = Member(root, "added_tokens");
  if (!added.is_array()) return absl::OkStatus();
  for (const Json& token : added) {
    const Json content = Member(token, "content");
    if (!content.is_string()) return Invalid("an added token has no content");
    RETURN_IF_ERROR(PutToken(content.get<std::string>(), Member(token, "id"),
                             Member(token, "special") == true
                                 ? TokenType::kControl
                                 : TokenType::kUserDefined,
                             vocabulary));
  }
  return absl::OkStatus();
}

// "a b", or since 2024 ["a", "b"].
absl::Status ReadMerges(const Json& root, Vocabulary* vocabulary) {
  const Json merges = Member(Member(root, "model"), "merges");
  if (!merges.is_array()) return Invalid("model.merges is no list");
  for (const Json& merge : merges) {
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
        merge[1].is_string()) {
      vocabulary->merges.emplace_back(merge[0].get<std::string>(),
                                      merge[1].get<std::string>());
      continue;
    }
    const std::string text = merge.is_string() ? merge.get<std::string>() : "";
    const size_t space = text.find(' ');
    if (space == std::string::npos) {
      return Invalid(absl::StrCat("no merge: ", merge.dump()));
    }
    vocabulary->merges.emplace_back(text.substr(0, space),
                                    text.substr(space + 1));
  }
  return absl::OkStatus();
}

// A token's text, or an object with its content.
std::optional<int32_t> SpecialId(const Json& config, const char* key,
                                 const Vocabulary& vocabulary) {
  Json token = Member(config, key);
  if (token.is_object()) token = Member(token, "content");
  if (!token.is_string()) return std::nullopt;
  const auto found =
      std::find(vocabulary.tokens.begin(), vocabulary.tokens.end(),
                token.get<std::string>());
  if (found == vocabulary.tokens.end()) return std::nullopt;
  return static_cast<int32_t>(found - vocabulary.tokens.begin());
}

// The post-processor that adds tokens, perhaps one of a sequence; or null.
Json TemplateOf(const Json& root) {
  const Json processor = Member(root, "post_processor");
  const Json sequence = Member(processor, "processors");
  if (!sequence.is_array()) return processor;
  for (const Json& part : sequence) {
    if (Member(part, "type") == "TemplateProcessing") return part;
  }
  return nullptr;
}

// Whether the post-processor puts this token first (or last).
bool Processes(const Json& root, const Vocabulary& vocabulary, bool first,
               std::optional<int32_t> id) {
  const Json single = Member(TemplateOf(root), "single");
  if (!id.has_value() || !single.is_array() || single.empty()) return false;
  const Json special =
      Member(first ? single.front() : single.back(), "SpecialToken");
  return Member(special, "id") == vocabulary.tokens[*id];
}

}  // namespace

absl::StatusOr<Vocabulary> FromTokenizerJson(absl::string_view tokenizer_json,
                                             const Json& tokenizer_config) {
  const Json root = Json::parse(tokenizer_json.begin(), tokenizer_json.end(),
                                nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return Invalid("not a JSON object");
  const Json model = Member(root, "model");
  if (Member(model, "type") != "BPE" ||
      Member(model, "byte_fallback") == true) {
    return absl::UnimplementedError(
        "tokenizer.json: only byte-level BPE is converted");
  }
  const std::optional<std::string> pre =
      PreTokenizerName(Member(root, "pre_tokenizer"));
  if (!pre.has_value()) {
    return absl::UnimplementedError(
        "tokenizer.json: GGUF has no name that we know for its pre_tokenizer");
  }
  Vocabulary vocabulary;
  vocabulary.pre_tokenizer = *pre;
  RETURN_IF_ERROR(ReadTokens(root, &vocabulary));
  RETURN_IF_ERROR(ReadMerges(root, &vocabulary));
  vocabulary.bos = SpecialId(tokenizer_config, "bos_token", vocabulary);
  vocabulary.eos = SpecialId(tokenizer_config, "eos_token", vocabulary);
  vocabulary.unknown = SpecialId(tokenizer_config, "unk_token", vocabulary);
  vocabulary.padding = SpecialId(tokenizer_config, "pad_token", vocabulary);
  vocabulary.add_bos = Processes(root, vocabulary, true, vocabulary.bos);
  vocabulary.add_eos = Processes(root, vocabulary, false, vocabulary.eos);
  return vocabulary;
}

}  // namespace tessera::convert
