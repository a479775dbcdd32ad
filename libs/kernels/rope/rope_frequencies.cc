#include "libs/kernels/rope/rope_frequencies.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace tessera::kernels {
namespace {

constexpr int64_t kMaxRotaryDim = 65536;
constexpr float kTwoPi = 2 * std::numbers::pi_v<float>;

absl::Status CheckPositive(absl::string_view field, double value) {
  if (value > 0 && std::isfinite(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "RoPE ", field, " ", value, ": must be positive and finite"));
}

// theta^(2 i / rotary_dim)
std::vector<float> Powers(const RopeConfig& config) {
  std::vector<float> powers(config.rotary_dim / 2);
  for (size_t i = 0; i < powers.size(); ++i) {
    const float exponent =
        static_cast<float>(2 * i) / static_cast<float>(config.rotary_dim);
    powers[i] =
        static_cast<float>(std::pow(double{config.theta}, double{exponent}));
  }
  return powers;
}

struct Frequencies {
  std::vector<float> inverse;
  float attention_factor = 1;
};

absl::StatusOr<Frequencies> Scale(const RopeConfig& config,
                                  std::monostate scaling) {
  Frequencies result = {.inverse = Powers(config)};
  for (float& value : result.inverse) value = 1.0f / value;
  return result;
}

absl::StatusOr<Frequencies> Scale(const RopeConfig& config,
                                  const LinearRopeScaling& scaling) {
  RETURN_IF_ERROR(CheckPositive("linear factor", scaling.factor));
  ASSIGN_OR_RETURN(Frequencies result, Scale(config, std::monostate()));
  for (float& value : result.inverse) value /= scaling.factor;
  return result;
}

absl::StatusOr<Frequencies> Scale(const RopeConfig& config,
                                  const Llama3RopeScaling& scaling) {
  const float low = scaling.low_freq_factor;
  const float high = scaling.high_freq_factor;
  RETURN_IF_ERROR(CheckPositive("llama3 factor", scaling.factor));
  RETURN_IF_ERROR(CheckPositive("llama3 low_freq_factor", low));
  RETURN_IF_ERROR(CheckPositive("llama3 high_freq_factor less low_freq_factor",
                                high - low));
  RETURN_IF_ERROR(CheckPositive("llama3 original context",
                                static_cast<double>(scaling.original_context)));
  ASSIGN_OR_RETURN(Frequencies result, Scale(config, std::monostate()));
  const float context = static_cast<float>(scaling.original_context);
  for (float& value : result.inverse) {
    const float wavelength = (1.0f / value) * kTwoPi;
    if (wavelength > context / low) {
      value /= scaling.factor;
    } else if (wavelength >= context / high) {
      const float smooth = (context / wavelength - low) / (high - low);
      value = (1 - smooth) * value / scaling.factor + smooth * value;
    }
  }
  return result;
}

double YarnMagnitude(double factor, double mscale) {
  return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

float YarnAttentionFactor(const YarnRopeScaling& scaling) {
  if (scaling.attention_factor.has_value()) return *scaling.attention_factor;
  const float mscale = scaling.mscale.value_or(0);
  const float all_dim = scaling.mscale_all_dim.value_or(0);
  if (mscale == 0 || all_dim == 0) {
    return static_cast<float>(YarnMagnitude(scaling.factor, 1));
  }
  return static_cast<float>(YarnMagnitude(scaling.factor, mscale) /
                            YarnMagnitude(scaling.factor, all_dim));
}

// The pair (a real number) that makes `rotations` turns within the original
// context.
double PairOfRotations(double rotations, const RopeConfig& config,
                       const YarnRopeScaling& scaling) {
  return config.rotary_dim *
         std::log(scaling.original_context /
                  (rotations * 2 * std::numbers::pi)) /
         (2 * std::log(double{config.theta}));
}

absl::StatusOr<Frequencies> Scale(const RopeConfig& config,
                                  const YarnRopeScaling& scaling) {
  RETURN_IF_ERROR(CheckPositive("YaRN factor", scaling.factor));
  RETURN_IF_ERROR(CheckPositive("YaRN beta_fast", scaling.beta_fast));
  RETURN_IF_ERROR(CheckPositive("YaRN beta_slow", scaling.beta_slow));
  RETURN_IF_ERROR(CheckPositive("YaRN original context",
                                static_cast<double>(scaling.original_context)));
  RETURN_IF_ERROR(CheckPositive("YaRN theta less 1", config.theta - 1));
  double low = PairOfRotations(scaling.beta_fast, config, scaling);
  double high = PairOfRotations(scaling.beta_slow, config, scaling);
  if (scaling.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(config.rotary_dim - 1));
  if (low == high) high += 0.001;  // a step, rather than 0 / 0
  Frequencies result = {.inverse = Powers(config),
                        .attention_factor = YarnAttentionFactor(scaling)};
  RETURN_IF_ERROR(
      CheckPositive("YaRN attention factor", result.attention_factor));
  for (size_t i = 0; i < result.inverse.size(); ++i) {
    const float ramp = (static_cast<float>(i) - static_cast<float>(low)) /
                       static_cast<float>(high - low);
    const float kept = 1 - std::clamp(ramp, 0.0f, 1.0f);
    const float power = result.inverse[i];
    result.inverse[i] =
        1.0f / (scaling.factor * power) * (1 - kept) + 1.0f / power * kept;
  }
  return result;
}

absl::StatusOr<Frequencies> Scale(const RopeConfig& config,
                                  const ExplicitRopeScaling& scaling) {
  if (scaling.factors.size() != static_cast<size_t>(config.rotary_dim / 2)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "RoPE has ", scaling.factors.size(), " explicit factors: must be ",
        config.rotary_dim / 2, ", half of rotary_dim"));
  }
  Frequencies result = {.inverse = Powers(config)};
  for (size_t i = 0; i < result.inverse.size(); ++i) {
    RETURN_IF_ERROR(
        CheckPositive(absl::StrCat("explicit factor ", i), scaling.factors[i]));
    result.inverse[i] = 1.0f / (scaling.factors[i] * result.inverse[i]);
  }
  return result;
}

}  // namespace

absl::StatusOr<RopeFrequencies> RopeFrequencies::Create(
    const RopeConfig& config) {
  if (config.rotary_dim < 2 || config.rotary_dim > kMaxRotaryDim ||
      config.rotary_dim % 2 != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("RoPE rotary_dim ", config.rotary_dim,
                     ": must be even, from 2 to ", kMaxRotaryDim));
  }
  RETURN_IF_ERROR(CheckPositive("theta", config.theta));
  ASSIGN_OR_RETURN(
      Frequencies result,
      std::visit([&](const auto& scaling) { return Scale(config, scaling); },
                 config.scaling));
  for (size_t i = 0; i < result.inverse.size(); ++i) {
    if (std::isfinite(result.inverse[i])) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "RoPE frequency ", i, " is not finite, from theta ", config.theta));
  }
  RopeFrequencies frequencies;
  frequencies.inverse_frequencies_ = std::move(result.inverse);
  frequencies.attention_factor_ = result.attention_factor;
  return frequencies;
}

void RopeFrequencies::ComputeCosSin(absl::Span<const int32_t> positions,
                                    float* cos, float* sin) const {
  for (const int32_t position : positions) {
    for (const float frequency : inverse_frequencies_) {
      const double angle = double{frequency} * position;
      *cos++ = static_cast<float>(attention_factor_ * std::cos(angle));
      *sin++ = static_cast<float>(attention_factor_ * std::sin(angle));
    }
  }
}

}  // namespace tessera::kernels
