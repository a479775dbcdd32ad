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

// Token t takes half h = (t / 16) mod 8 (word h / 2, its low 16 bits for an
// even h, its high ones for an odd h) of two Philox blocks, whose counters are
// (position, position >> 32, (t / 128) * 16 + t mod 16, stream): the upper half
// of the noise word from stream kGumbelHighStream, the lower half from
// kGumbelLowStream. A token's chance to win can nearly always be excluded by
// the upper half alone, which costs an eighth of a block; groups of 128 tokens
// fill whole registers in memory order.
uint32_t NoiseWord(uint64_t seed, uint64_t position, uint32_t token);
// The upper 16 bits of it.
uint32_t NoiseWordHigh(uint64_t seed, uint64_t position, uint32_t token);

// -log(-log(1 - v)) with v = (word + 1/2) / 2^32: between -3.14 and 22.88.
// Falls as the word grows.
double GumbelFromWord(uint32_t word);

// Natural logarithm of a normal positive number, within 2 units in the last
// place; plain IEEE operations in a fixed order, so that no C library's choice
// of instructions changes a bit.
double PortableLog(double x);

}  // namespace tessera::sampling
