// Which tokens min_p, top_k and top_p keep.
//
// All three keep a prefix of one order: larger y first, the lower token first
// among equals. Such a prefix is told by its last member.
#pragma once

#include <cstdint>
#include <vector>

#include "libs/sampling/vocabulary_kernels.h"

namespace tessera::sampling {

struct Candidate {
  float y;
  int32_t token;
};

inline bool Precedes(const Candidate& a, const Candidate& b) {
  return a.y > b.y || (a.y == b.y && a.token < b.token);
}

struct Filters {
  float min_p = 0;
  int32_t top_k = 0;  // 0: all
  float top_p = 1;
};

struct Cut {
  Candidate last;
  // Whether `candidates` below holds every token kept (and perhaps others).
  bool listed = false;
  bool Keeps(const Candidate& c) const { return !Precedes(last, c); }
};

// Buffers that a caller keeps between calls; nothing in them is an input.
struct CutScratch {
  std::vector<int32_t> indices;
  std::vector<Candidate> candidates;
};

// The `count` first tokens with y >= floor (fewer where there are fewer) into
// `scratch->candidates`, in no order.
void SelectTop(const VocabularyKernels& kernels, const Logits& logits,
               int32_t count, float floor, CutScratch* scratch);

// min_p, then top_k of what it leaves, then top_p of what top_k leaves.
Cut FindCut(const VocabularyKernels& kernels, const Logits& logits,
            const Filters& filters, CutScratch* scratch);

}  // namespace tessera::sampling
