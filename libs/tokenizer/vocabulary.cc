#include "libs/tokenizer/vocabulary.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/tokenizer/utf8.h"

namespace tessera::tokenizer {
namespace {

constexpr size_t kMaxTokens = size_t{1} << 24;
constexpr size_t kMaxTotalBytes = size_t{1} << 30;

absl::Status ValidateTexts(const std::vector<std::string>& tokens) {
  if (tokens.empty()) return absl::InvalidArgumentError("tokens: none");
  if (tokens.size() > kMaxTokens) {
    return absl::InvalidArgumentError(
        absl::StrCat("tokens: ", tokens.size(), ", at most ", kMaxTokens));
  }
  size_t total_bytes = 0;
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (!IsValidUtf8(tokens[id])) {
      return absl::InvalidArgumentError(
          absl::StrCat("tokens[", id, "] is not UTF-8"));
    }
    total_bytes += tokens[id].size();
  }
  if (total_bytes > kMaxTotalBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tokens: ", total_bytes, " bytes in all, at most ", kMaxTotalBytes));
  }
  return absl::OkStatus();
}

absl::Status ValidateTypes(const std::vector<TokenType>& types) {
  for (size_t id = 0; id < types.size(); ++id) {
    if (types[id] < TokenType::kNormal || types[id] > TokenType::kByte) {
      return absl::InvalidArgumentError(
          absl::StrCat("types[", id, "] is ", static_cast<int>(types[id]),
                       "; a type is 1 to 6"));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateScores(const std::vector<float>& scores) {
  for (size_t id = 0; id < scores.size(); ++id) {
    if (!std::isfinite(scores[id])) {
      return absl::InvalidArgumentError(
          absl::StrCat("scores[", id, "] is not a finite number"));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateSize(const char* name, size_t size, size_t num_tokens) {
  if (size == num_tokens) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      name, " has ", size, " entries for ", num_tokens, " tokens"));
}

}  // namespace

absl::Status Vocabulary::Validate() const {
  RETURN_IF_ERROR(ValidateTexts(tokens));
  if (!types.empty()) {
    RETURN_IF_ERROR(ValidateSize("types", types.size(), tokens.size()));
  }
  const bool needs_scores = kind == Kind::kSentencePieceBpe;
  if (needs_scores || !scores.empty()) {
    RETURN_IF_ERROR(ValidateSize("scores", scores.size(), tokens.size()));
  }
  RETURN_IF_ERROR(ValidateTypes(types));
  RETURN_IF_ERROR(ValidateScores(scores));
  const std::pair<const char*, std::optional<int32_t>> ids[] = {
      {"bos", bos},
      {"eos", eos},
      {"eot", eot},
      {"unknown", unknown},
      {"padding", padding}};
  for (const auto& [name, id] : ids) {
    if (id.has_value() && (*id < 0 || *id >= tokens.size())) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, " is ", *id, "; there are ", tokens.size(), " tokens"));
    }
  }
  if (add_bos && !bos.has_value())
    return absl::InvalidArgumentError("add_bos without a bos");
  if (add_eos && !eos.has_value())
    return absl::InvalidArgumentError("add_eos without an eos");
  return absl::OkStatus();
}

}  // namespace tessera::tokenizer
