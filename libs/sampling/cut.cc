#include "libs/sampling/cut.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "libs/sampling/gumbel.h"

namespace tessera::sampling {
namespace {

// Leaves out y = -inf, where the logit was -inf.
constexpr float kLowest = std::numeric_limits<float>::lowest();
constexpr int32_t kNoToken = std::numeric_limits<int32_t>::max();
// Fits the first-level cache with its indices.
constexpr size_t kChunk = 2048;
constexpr size_t kFirstChunk = 128;

// Every token with y >= floor.
void SelectAll(const VocabularyKernels& kernels, const Logits& logits,
               float floor, CutScratch* scratch) {
  scratch->indices.resize(logits.size);
  const size_t count = kernels.collect(logits, floor, scratch->indices.data());
  scratch->candidates.clear();
  for (size_t i = 0; i < count; ++i) {
    const int32_t token = scratch->indices[i];
    scratch->candidates.push_back(
        {(logits.values[token] - logits.max) * logits.scale, token});
  }
}

uint64_t SumWeights(const Candidate* begin, const Candidate* end) {
  uint64_t sum = 0;
  for (const Candidate* c = begin; c != end; ++c) sum += Weight(c->y);
  return sum;
}

// The first candidate, in order, with which the weights reach `target`; the
// last one where they never do.
Candidate SelectBySplitting(Candidate* begin, Candidate* end, uint64_t target) {
  while (end - begin > 1) {
    Candidate* middle = begin + (end - begin) / 2;
    std::nth_element(begin, middle, end, Precedes);
    const uint64_t upper = SumWeights(begin, middle);
    if (upper >= target) {
      end = middle;
    } else {
      target -= upper;
      begin = middle;
    }
  }
  return *begin;
}

// Falls, never steeply, as y rises: candidates of a lower bin precede those of
// a higher one.
constexpr int kNumBins = 4096;
int BinOf(float y) {
  return static_cast<int>(std::max(y, kLowestWeight) *
                          ((kNumBins - 1) / kLowestWeight));
}

// As SelectBySplitting, and the same answer: finds by a histogram of weights
// the few candidates among which to split.
Candidate SelectByWeight(std::vector<Candidate>* candidates, uint64_t target) {
  if (candidates->size() > 256) {
    std::array<uint64_t, kNumBins> bins{};
    for (const Candidate& c : *candidates) bins[BinOf(c.y)] += Weight(c.y);
    int bin = 0;
    while (bin < kNumBins - 1 && bins[bin] < target) target -= bins[bin++];
    const auto in_bin = [&](const Candidate& c) { return BinOf(c.y) == bin; };
    const auto end =
        std::partition(candidates->begin(), candidates->end(), in_bin);
    if (end != candidates->begin()) {
      return SelectBySplitting(candidates->data(),
                               candidates->data() + (end - candidates->begin()),
                               target);
    }
    return *std::max_element(candidates->begin(), candidates->end(), Precedes);
  }
  return SelectBySplitting(candidates->data(),
                           candidates->data() + candidates->size(), target);
}

uint64_t Share(float top_p, uint64_t total) {
  const double share = std::ceil(static_cast<double>(top_p) * total);
  return std::max<uint64_t>(1, static_cast<uint64_t>(share));
}

// top_p over all tokens with y >= floor: lists no more of them than hold the
// share.
Candidate NucleusOfAll(const VocabularyKernels& kernels, const Logits& logits,
                       float floor, float top_p, CutScratch* scratch) {
  floor = std::max(floor, kLowestWeight);
  const uint64_t target = Share(top_p, kernels.sum_weights(logits, floor));
  float window = -4;
  while (window > floor && kernels.sum_weights(logits, window) < target) {
    window *= 1.5f;
  }
  SelectAll(kernels, logits, std::max(window, floor), scratch);
  return SelectByWeight(&scratch->candidates, target);
}

}  // namespace

void SelectTop(const VocabularyKernels& kernels, const Logits& logits,
               int32_t count, float floor, CutScratch* scratch) {
  std::vector<Candidate>& found = scratch->candidates;
  found.clear();
  scratch->indices.resize(kChunk);
  const auto keep_first = [&] {
    if (found.size() <= count) return;
    std::nth_element(found.begin(), found.begin() + (count - 1), found.end(),
                     Precedes);
    found.resize(count);
    floor = found.back().y;
  };
  // Short chunks first, while the floor is low and every token is a hit.
  size_t size = kFirstChunk;
  for (size_t begin = 0; begin < logits.size; begin += size) {
    if (begin > 0) size = std::min(2 * size, kChunk);
    Logits chunk = logits;
    chunk.values += begin;
    chunk.size = std::min(size, logits.size - begin);
    const size_t hits = kernels.collect(chunk, floor, scratch->indices.data());
    for (size_t i = 0; i < hits; ++i) {
      const int32_t index = scratch->indices[i];
      found.push_back({(chunk.values[index] - logits.max) * logits.scale,
                       static_cast<int32_t>(begin) + index});
    }
    // Twice the count: each element is then moved a bounded number of times.
    if (found.size() >= 2 * static_cast<size_t>(count) + 64) keep_first();
  }
  keep_first();
}

Cut FindCut(const VocabularyKernels& kernels, const Logits& logits,
            const Filters& filters, CutScratch* scratch) {
  Cut cut{.last = {kLowest, kNoToken}};
  if (filters.min_p > 0) {
    cut.last.y = static_cast<float>(PortableLog(filters.min_p));
  }
  const bool has_top_k = filters.top_k > 0 && filters.top_k < logits.size;
  if (has_top_k) {
    SelectTop(kernels, logits, filters.top_k, cut.last.y, scratch);
    cut.listed = true;
    if (scratch->candidates.size() == filters.top_k) {
      cut.last = *std::max_element(scratch->candidates.begin(),
                                   scratch->candidates.end(), Precedes);
    }
  }
  if (filters.top_p >= 1) return cut;
  if (has_top_k) {
    const std::vector<Candidate>& kept = scratch->candidates;
    const uint64_t total = SumWeights(kept.data(), kept.data() + kept.size());
    cut.last =
        SelectByWeight(&scratch->candidates, Share(filters.top_p, total));
  } else {
    cut.last =
        NucleusOfAll(kernels, logits, cut.last.y, filters.top_p, scratch);
    cut.listed = true;
  }
  return cut;
}

}  // namespace tessera::sampling
