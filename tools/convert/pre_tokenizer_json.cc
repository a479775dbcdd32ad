#include "tools/convert/pre_tokenizer_json.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tessera::convert {
namespace {

using Json = nlohmann::json;

// Steps as short texts, which are compared and written: kDigits, kByteLevel*,
// or kSplit and a regular expression whose matches are words.
constexpr char kDigits[] = "digits";
constexpr char kByteLevel[] = "byte level";
constexpr char kByteLevelWords[] = "byte level, words";  // GPT-2's own pattern
constexpr char kSplit[] = "split ";

constexpr char kGpt2[] =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr char kLlama3[] =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr char kQwen2[] =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

struct NamedSteps {
  std::string name;
  std::vector<std::string> steps;
};

std::string Split(absl::string_view regex) {
  return absl::StrCat(kSplit, regex);
}

std::vector<NamedSteps> KnownSteps() {
  return {
      {"smollm", {kDigits, kByteLevelWords}},
      {"gpt-2", {kByteLevelWords}},
      {"llama-bpe", {Split(kLlama3), kByteLevel}},
      {"llama3", {Split(kLlama3), kByteLevel}},
      {"qwen2", {Split(kQwen2), kByteLevel}},
      {"default",
       {Split(R"([\p{P}\$\+<=>\^~\|]+)"), Split(kGpt2), Split(R"(\p{N}+)"),
        Split("[0-9][0-9][0-9]"), kByteLevel}},
  };
}

Json StepJson(const std::string& step) {
  if (step == kDigits) return {{"type", "Digits"}, {"individual_digits", true}};
  if (absl::StartsWith(step, kSplit)) {
    return {{"type", "Split"},
            {"pattern", {{"Regex", step.substr(sizeof(kSplit) - 1)}}},
            {"behavior", "Isolated"},
            {"invert", false}};
  }
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", true},
          {"use_regex", step == kByteLevelWords}};
}

// Empty for a step that none of the known tokenizers has.
std::string StepOf(const Json& json) {
  if (!json.is_object()) return "";
  const std::string type = json.value("type", Json()).dump();
  const auto is = [&json](const char* key, bool value, bool if_missing) {
    const Json found = json.value(key, Json());
    return (found.is_boolean() ? found.get<bool>() : if_missing) == value;
  };
  if (type == "\"Digits\"" && is("individual_digits", true, false)) {
    return kDigits;
  }
  if (type == "\"ByteLevel\"" && is("add_prefix_space", false, true)) {
    return is("use_regex", true, true) ? kByteLevelWords : kByteLevel;
  }
  const Json pattern = json.value("pattern", Json());
  if (type == "\"Split\"" && pattern.is_object() &&
      is("invert", false, false) &&
      json.value("behavior", Json()) == "Isolated") {
    const Json regex = pattern.value("Regex", Json());
    if (regex.is_string()) return Split(regex.get<std::string>());
  }
  return "";
}

}  // namespace

absl::StatusOr<Json> PreTokenizerJson(const std::string& name) {
  const std::vector<NamedSteps> known = KnownSteps();
  for (const NamedSteps& named : known) {
    if (named.name != name) continue;
    Json steps = Json::array();
    for (const std::string& step : named.steps) steps.push_back(StepJson(step));
    if (steps.size() == 1) return steps[0];
    return Json{{"type", "Sequence"}, {"pretokenizers", steps}};
  }
  return absl::UnimplementedError(absl::StrCat(
      "tokenizer.ggml.pre \"", name, "\" is not supported; supported: ",
      absl::StrJoin(known, ", ", [](std::string* out, const NamedSteps& named) {
        absl::StrAppend(out, named.name);
      })));
}

bool ComposesCharacters(const std::string& name) { return name == "qwen2"; }

bool IgnoresMerges(const std::string& name) {
  return name == "llama-bpe" || name == "llama3";
}

std::optional<std::string> PreTokenizerName(const Json& json) {
  std::vector<std::string> steps;
  const Json list =
      json.is_object() ? json.value("pretokenizers", Json()) : Json();
  if (list.is_array()) {
    for (const Json& step : list) steps.push_back(StepOf(step));
  } else {
    steps.push_back(StepOf(json));
  }
  for (const NamedSteps& named : KnownSteps()) {
    if (named.steps == steps) return named.name;
  }
  return std::nullopt;
}

}  // namespace tessera::convert
