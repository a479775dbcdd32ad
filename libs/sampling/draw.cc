#include "libs/sampling/draw.h"

#include <algorithm>
#include <limits>
#include <vector>

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
  void Offer(const Candidate& c, const NoiseKey& key) {
    const double offered =
        c.y + GumbelFromWord(NoiseWord(key.seed, key.position, c.token));
    if (offered > score || (offered == score && c.token < token)) {
      score = offered;
      token = c.token;
    }
  }
};

}  // namespace

int32_t Draw(const VocabularyKernels& kernels, const Logits& logits,
             const Cut& cut, const NoiseKey& key, SamplingScratch* scratch) {
  const auto at = [&](int32_t token) {
    return Candidate{(logits.values[token] - logits.max) * logits.scale, token};
  };
  const int32_t top = static_cast<int32_t>(
      kernels.find(logits.values, logits.size, logits.max));
  Best best{-std::numeric_limits<double>::infinity(), top};
  best.Offer(at(top), key);
  const std::vector<Candidate>& listed = scratch->cut.candidates;
  if (cut.listed && listed.size() <= kMaxListed) {
    for (const Candidate& c : listed) {
      if (cut.Keeps(c) && c.y + kMaxNoise >= best.score) best.Offer(c, key);
    }
    return best.token;
  }
  std::vector<int32_t>& tokens = scratch->tokens;
  tokens.resize(kLargestPiece);
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
    const size_t count = kernels.draw(logits, range, tokens.data());
    for (size_t i = 0; i < count; ++i) {
      if (cut.Keeps(at(tokens[i]))) best.Offer(at(tokens[i]), key);
    }
  }
  return best.token;
}

}  // namespace tessera::sampling
