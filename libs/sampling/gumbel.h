// The noise of one token at one position.
//
// argmax over tokens of (logit + noise) is a draw from softmax(logits) when the
// noise is independent and Gumbel distributed (Gumbel 1954; Maddison et al.
// 2014). Here it is a pure function of (seed, position, token), so that whoever
// knows the three, a draft model for one, gets the same bits.
#pragma once

#include <cstdint>

#include "libs/sampling/philox.h"

namespace tessera::sampling {

// Token t takes word (t / 16) mod 4 of the block whose counter is
// (position, position >> 32, (t / 64) * 16 + t mod 16, kGumbelStream): groups
// of 64 tokens then fill whole registers in memory order, 8 or 16 lanes wide.
uint32_t NoiseWord(uint64_t seed, uint64_t position, uint32_t token);

// -log(-log(1 - v)) with v = (word + 1/2) / 2^32: between -3.14 and 22.88.
// Falls as the word grows.
double GumbelFromWord(uint32_t word);

// Natural logarithm of a normal positive number, within 2 units in the last
// place; plain IEEE operations in a fixed order, so that no C library's choice
// of instructions changes a bit.
double PortableLog(double x);

}  // namespace tessera::sampling
