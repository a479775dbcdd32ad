#include "libs/sampling/gumbel.h"

#include <cstring>

namespace tessera::sampling {
namespace {

constexpr double kLn2 = 0.693147180559945309417;
constexpr double kSqrt2 = 1.41421356237309504880;

uint32_t NoiseHalf(uint64_t seed, uint64_t position, uint32_t token,
                   uint32_t stream) {
  const PhiloxBlock words = Philox4x32(
      {static_cast<uint32_t>(position), static_cast<uint32_t>(position >> 32),
       (token / 128) * 16 + token % 16, stream},
      {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  const uint32_t half = token / 16 % 8;
  return words[half / 2] >> (half % 2 * 16) & 0xFFFF;
}

}  // namespace

uint32_t NoiseWord(uint64_t seed, uint64_t position, uint32_t token) {
  return NoiseHalf(seed, position, token, kGumbelHighStream) << 16 |
         NoiseHalf(seed, position, token, kGumbelLowStream);
}

uint32_t NoiseWordHigh(uint64_t seed, uint64_t position, uint32_t token) {
  return NoiseHalf(seed, position, token, kGumbelHighStream);
}

double PortableLog(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  int exponent = static_cast<int>(bits >> 52) - 1023;
  bits = (bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000;
  double m;
  std::memcpy(&m, &bits, sizeof(m));
  if (m > kSqrt2) {
    m *= 0.5;
    ++exponent;
  }
  // log(m) = 2 atanh(s), |s| <= 0.172: the series' 12th term is below 2^-54.
  const double s = (m - 1) / (m + 1);
  const double s2 = s * s;
  double sum = 0;
  for (int odd = 21; odd >= 3; odd -= 2) sum = (sum + 1.0 / odd) * s2;
  return exponent * kLn2 + 2 * (s + s * sum);
}

double GumbelFromWord(uint32_t word) {
  // 1 - v has 33 bits: exact.
  const double v = (word + 0.5) * 0x1p-32;
  return -PortableLog(-PortableLog(1 - v));
}

}  // namespace tessera::sampling
