// What a request asks of sampling, under the names that the HTTP API uses.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"

namespace tessera::sampling {

struct LogitBias {
  int32_t token = 0;
  float bias = 0;  // in [-100, 100]
};

struct SamplingParameters {
  // In [0, 100]. Below kGreedyTemperature the largest processed logit is taken.
  float temperature = 1;
  // In (0, 1]: 1 keeps everything.
  float top_p = 1;
  // In [0, 1]: 0 keeps everything.
  float min_p = 0;
  // 0 or -1 keeps everything, otherwise at least 1.
  int32_t top_k = 0;
  // In (0, 100]: 1 changes nothing. Prompt and generated tokens alike.
  float repetition_penalty = 1;
  // In [-2, 2], a generated occurrence: 0 changes nothing.
  float frequency_penalty = 0;
  // In [-2, 2], a token generated at least once: 0 changes nothing.
  float presence_penalty = 0;
  // Each token at most once, at most kMaxLogitBias entries.
  std::vector<LogitBias> logit_bias;
  // stop_token_ids cannot be drawn before min_tokens tokens were generated. The
  // caller adds the model's own end tokens to the list.
  int32_t min_tokens = 0;
  std::vector<int32_t> stop_token_ids;
  // The only source of randomness, with the position.
  uint64_t seed = 0;

  // InvalidArgument, its message starting with the field's name: a value that
  // is out of range or not finite, a token outside [0, vocab_size), a token
  // twice in logit_bias.
  absl::Status Validate(int32_t vocab_size) const;
};

// Dividing by less than this overflows long before it changes a draw.
inline constexpr float kGreedyTemperature = 1e-5f;
inline constexpr int32_t kMaxLogitBias = 1024;
inline constexpr int32_t kMaxStopTokenIds = 1024;
inline constexpr int32_t kMaxVocabSize = 1 << 22;

// The seed of one of a request's `n` choices: choice 0 keeps the request's own.
uint64_t ChoiceSeed(uint64_t seed, uint32_t choice);

}  // namespace tessera::sampling
