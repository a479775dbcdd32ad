#include "libs/sampling/parameters.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/base/status_macros.h"
#include "libs/sampling/philox.h"

namespace tessera::sampling {
namespace {

// Written so that a NaN is out of range.
absl::Status CheckRange(absl::string_view field, float value, float low,
                        float high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      field, " must be between ", low, " and ", high, ", not ", value));
}

absl::Status CheckPositive(absl::string_view field, float value, float high) {
  if (value > 0 && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      field, " must be above 0 and at most ", high, ", not ", value));
}

absl::Status CheckToken(absl::string_view field, int32_t token,
                        int32_t vocab_size) {
  if (token >= 0 && token < vocab_size) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": token ", token, " is outside the vocabulary of ",
                   vocab_size, " tokens"));
}

absl::Status CheckCount(absl::string_view field, size_t count, int32_t most) {
  if (count <= static_cast<size_t>(most)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      field, " has ", count, " entries; at most ", most, " are taken"));
}

}  // namespace

absl::Status SamplingParameters::Validate(int32_t vocab_size) const {
  RETURN_IF_ERROR(CheckRange("temperature", temperature, 0, 100));
  RETURN_IF_ERROR(CheckPositive("top_p", top_p, 1));
  RETURN_IF_ERROR(CheckRange("min_p", min_p, 0, 1));
  if (top_k < -1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "top_k must be at least 1, or 0 or -1 for all tokens, not ", top_k));
  }
  RETURN_IF_ERROR(CheckPositive("repetition_penalty", repetition_penalty, 100));
  RETURN_IF_ERROR(CheckRange("frequency_penalty", frequency_penalty, -2, 2));
  RETURN_IF_ERROR(CheckRange("presence_penalty", presence_penalty, -2, 2));
  RETURN_IF_ERROR(CheckCount("logit_bias", logit_bias.size(), kMaxLogitBias));
  absl::flat_hash_set<int32_t> seen;
  for (const LogitBias& entry : logit_bias) {
    RETURN_IF_ERROR(CheckToken("logit_bias", entry.token, vocab_size));
    RETURN_IF_ERROR(CheckRange("logit_bias", entry.bias, -100, 100));
    if (!seen.insert(entry.token).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("logit_bias names token ", entry.token, " twice"));
    }
  }
  if (min_tokens < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("min_tokens must not be negative, not ", min_tokens));
  }
  RETURN_IF_ERROR(
      CheckCount("stop_token_ids", stop_token_ids.size(), kMaxStopTokenIds));
  for (const int32_t token : stop_token_ids) {
    RETURN_IF_ERROR(CheckToken("stop_token_ids", token, vocab_size));
  }
  return absl::OkStatus();
}

uint64_t ChoiceSeed(uint64_t seed, uint32_t choice) {
  if (choice == 0) return seed;
  const PhiloxBlock words = Philox4x32(
      {choice, 0, 0, kChoiceStream},
      {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  return words[0] | static_cast<uint64_t>(words[1]) << 32;
}

}  // namespace tessera::sampling
