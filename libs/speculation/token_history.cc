#include "libs/speculation/token_history.h"

#include <algorithm>

#include "libs/base/check.h"

namespace tessera::speculation {
namespace {

// A polynomial in an odd base modulo 2^64, whose upper bits are then mixed.
constexpr uint64_t kBase = 0x9E3779B97F4A7C15;

constexpr std::array<uint64_t, kNumMatchLengths> Powers() {
  std::array<uint64_t, kNumMatchLengths> powers = {};
  for (int i = 0; i < kNumMatchLengths; ++i) {
    powers[i] = 1;
    for (int j = 0; j < kMatchLengths[i]; ++j) powers[i] *= kBase;
  }
  return powers;
}
constexpr std::array<uint64_t, kNumMatchLengths> kPowers = Powers();

uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93;
  x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93;
  return x ^ (x >> 32);
}

}  // namespace

void TokenHistory::Append(int32_t token) {
  tokens_.push_back(token);
  prefix_.push_back(prefix_.back() * kBase + Mix(uint32_t(token) + 1));
}

void TokenHistory::Truncate(int64_t num_tokens) {
  CHECK(0 <= num_tokens && num_tokens <= size()) << num_tokens;
  tokens_.resize(num_tokens);
  prefix_.resize(num_tokens + 1);
}

void TokenHistory::Reserve(int64_t num_tokens) {
  tokens_.reserve(num_tokens);
  prefix_.reserve(num_tokens + 1);
}

uint64_t TokenHistory::Hash(int64_t end, int length_index) const {
  DCHECK(kMatchLengths[length_index] <= end && end <= size());
  const uint64_t before = prefix_[end - kMatchLengths[length_index]];
  return Mix(prefix_[end] - before * kPowers[length_index] + length_index);
}

bool NgramsAgree(absl::Span<const int32_t> a, int64_t a_end,
                 absl::Span<const int32_t> b, int64_t b_end, int length_index) {
  const int length = kMatchLengths[length_index];
  if (a_end < length || b_end < length) return false;
  return std::equal(a.begin() + (a_end - length), a.begin() + a_end,
                    b.begin() + (b_end - length));
}

}  // namespace tessera::speculation
