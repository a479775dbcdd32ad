#include "libs/sampling/draw.h"

#include <algorithm>

#include "libs/sampling/gumbel.h"

namespace tessera::sampling {
namespace {

// Up to here a loop over the candidates beats a pass over the vocabulary.
constexpr size_t kMaxListed = 512;
// The first pieces are short: until a good score is known, many tokens of a
// piece pass the filter.
constexpr size_t kFirstPiece = 256;
constexpr size_t kLargestPiece = 4096;
static_assert(kFirstPiece % kNoiseGroup == 0 &&
              kLargestPiece % kNoiseGroup == 0);

struct Best {
  double score;
  int32_t token;

  // Independent of the order of the offers.
  void Offer(const Candidate& c, uint32_t word) {
    const double offered = c.y + GumbelFromWord(word);
    if (offered > score || (offered == score && c.token < token)) {
      score = offered;
      token = c.token;
    }
  }
};

void DrawFromPiece(const VocabularyKernels& kernels, const Logits& logits,
                   const Cut& cut, const DrawRange& range,
                   SamplingScratch* scratch, Best* best) {
  std::vector<int32_t>& tokens = scratch->cut.indices;
  std::vector<uint32_t>& words = scratch->words;
  const size_t count = kernels.draw(logits, range, tokens.data(), words.data());
  for (size_t i = 0; i < count; ++i) {
    const Candidate candidate{
        (logits.values[tokens[i]] - logits.max) * logits.scale, tokens[i]};
    if (cut.Keeps(candidate)) best->Offer(candidate, words[i]);
  }
}

}  // namespace

int32_t Draw(const VocabularyKernels& kernels, const Logits& logits,
             const Cut& cut, const NoiseKey& key, SamplingScratch* scratch) {
  const int32_t top = static_cast<int32_t>(
      kernels.find(logits.values, logits.size, logits.max));
  Best best{GumbelFromWord(NoiseWord(key.seed, key.position, top)), top};
  const std::vector<Candidate>& listed = scratch->cut.candidates;
  if (cut.listed && listed.size() <= kMaxListed) {
    for (const Candidate& c : listed) {
      if (cut.Keeps(c) && c.y + kMaxNoise >= best.score) {
        best.Offer(c, NoiseWord(key.seed, key.position, c.token));
      }
    }
    return best.token;
  }
  scratch->cut.indices.resize(
      std::max(scratch->cut.indices.size(), kLargestPiece));
  scratch->words.resize(kLargestPiece);
  size_t piece = kFirstPiece;
  for (size_t begin = 0; begin < logits.size; begin += piece) {
    if (begin > 0) piece = std::min(2 * piece, kLargestPiece);
    const DrawRange range{
        .begin = begin,
        .end = std::min(begin + piece, logits.size),
        .floor = cut.last.y,
        .best = static_cast<float>(best.score),
        .key = {static_cast<uint32_t>(key.seed),
                static_cast<uint32_t>(key.seed >> 32)},
        .position = {static_cast<uint32_t>(key.position),
                     static_cast<uint32_t>(key.position >> 32)},
    };
    DrawFromPiece(kernels, logits, cut, range, scratch, &best);
  }
  return best.token;
}

}  // namespace tessera::sampling
