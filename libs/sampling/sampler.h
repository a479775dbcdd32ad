// Draws the next token of one sequence from the model's logits.
//
// The processors, in the order in which they run (it is vLLM's):
//
//   1 min_tokens          logit = -inf for stop_token_ids while too few tokens
//                         were generated
//   2 logit_bias          logit += bias
//   3 repetition_penalty  logit > 0 ? logit / penalty : logit * penalty, for
//                         tokens of the prompt and generated ones
//   4 frequency_penalty   logit -= penalty * times generated
//   5 presence_penalty    logit -= penalty, for tokens generated at least once
//   6 temperature         y = (logit - largest logit) * (1 / temperature);
//                         below 1e-5 the token of the largest logit is taken,
//                         the lowest id among equals, and the rest is skipped
//   7 min_p               keeps y >= log(min_p): at least min_p times as
//                         probable as the most probable token
//   8 top_k               keeps the top_k first by (y falling, id rising)
//   9 top_p               of what is left, keeps the shortest prefix in that
//                         order that holds at least top_p of the probability
//  10 the draw            argmax of y + noise(seed, position, token), Gumbel
//                         noise by Philox4x32-10 (gumbel.h): a token's chance
//                         is its softmax share among the tokens kept
//
// The answer is a function of parameters, tokens so far, logits and position;
// it does not depend on threads, on the instruction set, or on earlier draws.
// So a draft model that shares seed and vocabulary draws with the same noise,
// and verifying a draft is comparing it with what Sample returns.
//
// Logits that are not numbers: NaN counts as -inf, neither is ever drawn; +inf
// counts as the largest float. Where nothing is left, Sample says so.
//
//   ASSIGN_OR_RETURN(Sampler sampler,
//                    Sampler::Create(parameters, vocab_size, prompt));
//   SamplingScratch scratch;  // one a thread
//   for (int64_t position = prompt.size(); ...; ++position) {
//     ... logits of the token at `position` ...
//     ASSIGN_OR_RETURN(const int32_t token,
//                      sampler.Sample(logits, position, &scratch));
//     sampler.Append(token);
//   }
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "libs/sampling/cut.h"
#include "libs/sampling/parameters.h"
#include "libs/sampling/scratch.h"
#include "libs/sampling/token_counts.h"
#include "libs/sampling/vocabulary_kernels.h"

namespace tessera::sampling {

class Sampler {
 public:
  // `prompt` counts for repetition_penalty alone. InvalidArgument as
  // SamplingParameters::Validate, or a prompt token outside the vocabulary.
  // `kernels` changes speed alone.
  static absl::StatusOr<Sampler> Create(
      SamplingParameters parameters, int32_t vocab_size,
      absl::Span<const int32_t> prompt = {},
      const VocabularyKernels& kernels = BestKernels());

  // The token for index `position` of the sequence (prompt included), whose
  // logits these are. logits: [vocab_size], read only. DataLoss: every logit is
  // NaN or -inf.
  absl::StatusOr<int32_t> Sample(absl::Span<const float> logits,
                                 int64_t position,
                                 SamplingScratch* scratch) const;

  // The distribution that Sample draws from; greedy puts 1 on its token.
  // probabilities: [vocab_size], overwritten. Errors as Sample.
  absl::Status Probabilities(absl::Span<const float> logits,
                             SamplingScratch* scratch,
                             absl::Span<float> probabilities) const;

  // A token joined the sequence, drawn or forced. In [0, vocab_size).
  void Append(int32_t token);
  // Takes back the latest Append, of `token`: for drafts that were refused.
  void Remove(int32_t token);

  const SamplingParameters& parameters() const { return parameters_; }
  int32_t num_generated() const { return num_generated_; }
  bool is_greedy() const {
    return parameters_.temperature < kGreedyTemperature;
  }
  // Whether Sample is the argmax of the unchanged logits, so that a caller who
  // has it already need not ask.
  bool is_plain_argmax() const { return is_greedy() && !ChangesLogits(); }

 private:
  Sampler(SamplingParameters parameters, int32_t vocab_size,
          const VocabularyKernels& kernels);

  bool HasPenalties() const;
  bool BansStopTokens() const;
  bool ChangesLogits() const;
  void ChangeLogits(float* logits) const;
  // Steps 1 to 6.
  absl::StatusOr<Logits> Process(absl::Span<const float> logits,
                                 SamplingScratch* scratch) const;
  Cut Filter(const Logits& logits, SamplingScratch* scratch) const;

  SamplingParameters parameters_;
  int32_t vocab_size_;
  const VocabularyKernels* kernels_;
  TokenCounts counts_;  // empty unless there are penalties
  int32_t num_generated_ = 0;
};

}  // namespace tessera::sampling
