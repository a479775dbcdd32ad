#include "libs/sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "libs/sampling/draw.h"
#include "libs/sampling/finite.h"

namespace tessera::sampling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLargest = std::numeric_limits<float>::max();

// A finite logit stays finite, however large the penalty.
float Finite(float changed) {
  return std::isnan(changed) ? changed
                             : std::clamp(changed, -kLargest, kLargest);
}

}  // namespace

absl::StatusOr<Sampler> Sampler::Create(SamplingParameters parameters,
                                        int32_t vocab_size,
                                        absl::Span<const int32_t> prompt,
                                        const VocabularyKernels& kernels) {
  CHECK(vocab_size > 0 && vocab_size <= kMaxVocabSize) << vocab_size;
  RETURN_IF_ERROR(parameters.Validate(vocab_size));
  Sampler sampler(std::move(parameters), vocab_size, kernels);
  for (const int32_t token : prompt) {
    if (token < 0 || token >= vocab_size) {
      return absl::InvalidArgumentError(
          absl::StrCat("prompt: token ", token,
                       " is outside the vocabulary of ", vocab_size));
    }
    if (sampler.HasPenalties()) sampler.counts_.AddPrompt(token);
  }
  return sampler;
}

Sampler::Sampler(SamplingParameters parameters, int32_t vocab_size,
                 const VocabularyKernels& kernels)
    : parameters_(std::move(parameters)),
      vocab_size_(vocab_size),
      kernels_(&kernels) {}

bool Sampler::HasPenalties() const {
  return parameters_.repetition_penalty != 1 ||
         parameters_.frequency_penalty != 0 ||
         parameters_.presence_penalty != 0;
}

bool Sampler::BansStopTokens() const {
  return num_generated_ < parameters_.min_tokens &&
         !parameters_.stop_token_ids.empty();
}

bool Sampler::ChangesLogits() const {
  return HasPenalties() || BansStopTokens() || !parameters_.logit_bias.empty();
}

void Sampler::Append(int32_t token) {
  CHECK(token >= 0 && token < vocab_size_) << token;
  if (HasPenalties()) counts_.AddGenerated(token);
  ++num_generated_;
}

void Sampler::Remove(int32_t token) {
  CHECK(num_generated_ > 0);
  if (HasPenalties()) counts_.RemoveGenerated(token);
  --num_generated_;
}

void Sampler::ChangeLogits(float* logits) const {
  for (const LogitBias& entry : parameters_.logit_bias) {
    logits[entry.token] += entry.bias;
  }
  for (const TokenCounts::Entry& entry : counts_.entries()) {
    float x = logits[entry.token];
    if (entry.num_generated == 0 && !entry.in_prompt) continue;
    if (std::isinf(x)) continue;
    x = x > 0 ? x / parameters_.repetition_penalty
              : x * parameters_.repetition_penalty;
    x -= parameters_.frequency_penalty * entry.num_generated;
    if (entry.num_generated > 0) x -= parameters_.presence_penalty;
    logits[entry.token] = Finite(x);
  }
  if (!BansStopTokens()) return;
  for (const int32_t token : parameters_.stop_token_ids) {
    logits[token] = -kInfinity;
  }
}

absl::StatusOr<Logits> Sampler::Process(absl::Span<const float> logits,
                                        SamplingScratch* scratch) const {
  CHECK(logits.size() == vocab_size_) << logits.size();
  if (ChangesLogits()) {
    scratch->logits.assign(logits.begin(), logits.end());
    ChangeLogits(scratch->logits.data());
    logits = scratch->logits;
  }
  const float scale = is_greedy() ? 1 : 1 / parameters_.temperature;
  return WithFiniteMax(*kernels_, logits, scale, &scratch->logits);
}

Cut Sampler::Filter(const Logits& logits, SamplingScratch* scratch) const {
  const Filters filters{.min_p = parameters_.min_p,
                        .top_k = std::max(parameters_.top_k, 0),
                        .top_p = parameters_.top_p};
  return FindCut(*kernels_, logits, filters, &scratch->cut);
}

absl::StatusOr<int32_t> Sampler::Sample(absl::Span<const float> logits,
                                        int64_t position,
                                        SamplingScratch* scratch) const {
  ASSIGN_OR_RETURN(const Logits processed, Process(logits, scratch));
  if (is_greedy()) {
    return static_cast<int32_t>(
        kernels_->find(processed.values, processed.size, processed.max));
  }
  const Cut cut = Filter(processed, scratch);
  const NoiseKey key{parameters_.seed, static_cast<uint64_t>(position)};
  return Draw(*kernels_, processed, cut, key, scratch);
}

absl::Status Sampler::Probabilities(absl::Span<const float> logits,
                                    SamplingScratch* scratch,
                                    absl::Span<float> probabilities) const {
  CHECK(probabilities.size() == vocab_size_) << probabilities.size();
  ASSIGN_OR_RETURN(const Logits processed, Process(logits, scratch));
  std::fill(probabilities.begin(), probabilities.end(), 0.0f);
  if (is_greedy()) {
    probabilities[kernels_->find(processed.values, processed.size,
                                 processed.max)] = 1;
    return absl::OkStatus();
  }
  const Cut cut = Filter(processed, scratch);
  uint64_t total = 0;
  const auto weight = [&](int32_t token) {
    const float y = (processed.values[token] - processed.max) * processed.scale;
    return cut.Keeps({y, token}) ? Weight(y) : 0;
  };
  for (int32_t token = 0; token < vocab_size_; ++token) total += weight(token);
  for (int32_t token = 0; token < vocab_size_; ++token) {
    probabilities[token] = static_cast<float>(
        static_cast<double>(weight(token)) / static_cast<double>(total));
  }
  return absl::OkStatus();
}

}  // namespace tessera::sampling
