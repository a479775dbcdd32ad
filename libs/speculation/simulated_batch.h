// SimulatedBatch: decoding with drafts in simulated time, for tests.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "libs/speculation/draft_length.h"

namespace tessera::speculation {

// A pass of n tokens beside one of 1: 1, 1.3 (4), 1.45 (8), 2.3 (16), and in
// proportion from there.
double RealisticPass(int64_t num_tokens);

struct SimulatedSequence {
  std::vector<DraftCandidate> candidates;
  // The chance that a candidate's draft token at `position` is kept, when the
  // answer has so many tokens.
  std::function<double(DraftSource source, int position, int64_t num_tokens)>
      rate;
};

struct SimulatedCosts {
  std::function<double(int64_t num_tokens)> pass = &RealisticPass;
  double draft_step = 0.25;  // for any number of sequences
  double draft_overhead = 0.02;
  double noise = 0.03;       // deviation of log seconds, as observed
  double interruptions = 0;  // share of passes observed ten times slower
};

class SimulatedBatch {
 public:
  SimulatedBatch(std::vector<SimulatedSequence> sequences, SimulatedCosts costs,
                 uint64_t seed);

  void Step();
  void Run(int num_steps) {
    for (int i = 0; i < num_steps; ++i) Step();
  }
  // As Run, with the same number of tokens for each whatever happens.
  void RunFixed(int num_steps, int num_draft_tokens);

  // Tokens a second of all so far, beside plain decoding of the same batch.
  double Speedup() const;
  void ForgetSpeed() { seconds_ = num_tokens_ = 0; }
  int64_t num_draft_tokens() const { return num_draft_tokens_; }
  DraftLength& lengths() { return lengths_; }

 private:
  int Verify(int sequence, const DraftChoice& choice);
  void Advance(const std::vector<DraftChoice>& choices, bool observe);
  double DraftSeconds(const std::vector<DraftChoice>& choices, bool observe);
  absl::Duration Observed(double seconds);

  std::vector<SimulatedSequence> sequences_;
  SimulatedCosts costs_;
  std::mt19937_64 random_;
  DraftLength lengths_;
  std::vector<AcceptanceHistory> histories_;
  std::vector<int64_t> answer_tokens_;
  double seconds_ = 0;
  double num_tokens_ = 0;
  int64_t num_draft_tokens_ = 0;
};

}  // namespace tessera::speculation
