#include "services/gateway/sampling_fields.h"

#include <algorithm>
#include <functional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/sampling/parameters.h"
#include "services/gateway/request_fields.h"

namespace tessera::gateway {
namespace {

using Sampling = verifier::v1::SamplingParameters;
using Setter = void (Sampling::*)(float);

struct RealField {
  const char* name;
  double min;
  double max;
  bool above_min;  // min itself is out
  Setter set;
};

constexpr RealField kReals[] = {
    {"temperature", 0, 100, false, &Sampling::set_temperature},
    {"top_p", 0, 1, true, &Sampling::set_top_p},
    {"min_p", 0, 1, false, &Sampling::set_min_p},
    {"repetition_penalty", 0, 100, true, &Sampling::set_repetition_penalty},
    {"frequency_penalty", -2, 2, false, &Sampling::set_frequency_penalty},
    {"presence_penalty", -2, 2, false, &Sampling::set_presence_penalty},
};

absl::Status ReadReal(const JsonField& root, const RealField& real,
                      Sampling* sampling) {
  const JsonField field = root.Get(real.name);
  if (field.IsNull()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const double number, field.Number(real.min, real.max));
  const auto value = static_cast<float>(number);
  if (real.above_min && !(value > real.min)) {
    return field.MustBe(
        absl::StrCat("a number above ", real.min, ", at most ", real.max));
  }
  (sampling->*real.set)(value);
  return absl::OkStatus();
}

// {"<token id>": <bias>, ...}
absl::Status ReadLogitBias(const JsonField& field, int32_t vocab_size,
                           Sampling* sampling) {
  if (field.IsNull()) return absl::OkStatus();
  RETURN_IF_ERROR(field.ExpectObject());
  if (field.value().size() > sampling::kMaxLogitBias) {
    return field.Error(absl::StrCat("must have at most ",
                                    sampling::kMaxLogitBias, " entries, not ",
                                    field.value().size()));
  }
  for (const auto& entry : field.value().items()) {
    const std::string& key = entry.key();
    int32_t token = 0;
    if (!std::all_of(key.begin(), key.end(), absl::ascii_isdigit) ||
        !absl::SimpleAtoi(key, &token) || token >= vocab_size) {
      return field.Error(absl::StrCat("a key must be a token id from 0 to ",
                                      vocab_size - 1, ", not \"",
                                      key.substr(0, 40), "\""));
    }
    const JsonField bias(&entry.value(), absl::StrCat("logit_bias.", key));
    ASSIGN_OR_RETURN(const double value, bias.Number(-100, 100));
    if (!sampling->mutable_logit_bias()
             ->insert({token, static_cast<float>(value)})
             .second) {
      return field.Error(absl::StrCat("names token ", token, " twice"));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadStopTokenIds(const JsonField& field, int32_t vocab_size,
                              Sampling* sampling) {
  if (field.IsNull()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const size_t size, field.ArraySize());
  if (size > sampling::kMaxStopTokenIds) {
    return field.Error(absl::StrCat("must have at most ",
                                    sampling::kMaxStopTokenIds,
                                    " entries, not ", size));
  }
  for (size_t i = 0; i < size; ++i) {
    ASSIGN_OR_RETURN(const int64_t token, field.At(i).Int(0, vocab_size - 1));
    sampling->add_stop_token_ids(static_cast<int32_t>(token));
  }
  return absl::OkStatus();
}

// Any 64 bits: a negative one stands for its two's complement.
absl::Status ReadSeed(const JsonField& field, Sampling* sampling) {
  if (field.IsNull()) return absl::OkStatus();
  if (const auto* seed = field.value().get_ptr<const uint64_t*>()) {
    sampling->set_seed(*seed);
  } else if (const auto* seed = field.value().get_ptr<const int64_t*>()) {
    sampling->set_seed(static_cast<uint64_t>(*seed));
  } else {
    return field.MustBe("an integer of 64 bits");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadSampling(const JsonField& root, int32_t vocab_size,
                          Sampling* sampling) {
  for (const RealField& real : kReals) {
    RETURN_IF_ERROR(ReadReal(root, real, sampling));
  }
  const JsonField top_k = root.Get("top_k");
  if (!top_k.IsNull()) {
    ASSIGN_OR_RETURN(const int64_t value, top_k.Int(-1, INT32_MAX));
    sampling->set_top_k(static_cast<int32_t>(value));
  }
  const JsonField min_tokens = root.Get("min_tokens");
  if (!min_tokens.IsNull()) {
    ASSIGN_OR_RETURN(const int64_t value, min_tokens.Int(0, INT32_MAX));
    sampling->set_min_tokens(static_cast<int32_t>(value));
  }
  RETURN_IF_ERROR(ReadLogitBias(root.Get("logit_bias"), vocab_size, sampling));
  RETURN_IF_ERROR(
      ReadStopTokenIds(root.Get("stop_token_ids"), vocab_size, sampling));
  return ReadSeed(root.Get("seed"), sampling);
}

}  // namespace tessera::gateway
