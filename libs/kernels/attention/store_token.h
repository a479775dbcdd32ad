// One token's key and value into its slot of a head's block, by instruction
// set. All sets write the same bits.
#pragma once

#include <cstdint>

#include "libs/kernels/attention/kv_block.h"

namespace tessera::attention {

// key, value [D] f32; slot in [0, kKvBlockTokens); `head` is the block's bytes
// of one key/value head. Bytes of other slots are not written, not even with
// what they hold: another worker may be storing there.
using StoreToken = void (*)(const float* key, const float* value, int head_dim,
                            int slot, uint8_t* head);

void StoreTokenF32Reference(const float* key, const float* value, int head_dim,
                            int slot, uint8_t* head);
void StoreTokenBF16Reference(const float* key, const float* value, int head_dim,
                             int slot, uint8_t* head);
void StoreTokenI8Reference(const float* key, const float* value, int head_dim,
                           int slot, uint8_t* head);

// D a multiple of 16.
void StoreTokenBF16Avx2(const float* key, const float* value, int head_dim,
                        int slot, uint8_t* head);
void StoreTokenI8Avx2(const float* key, const float* value, int head_dim,
                      int slot, uint8_t* head);
void StoreTokenBF16Avx512(const float* key, const float* value, int head_dim,
                          int slot, uint8_t* head);
void StoreTokenI8Avx512(const float* key, const float* value, int head_dim,
                        int slot, uint8_t* head);

// An int8 scale below this is stored, but its values as 0: its inverse would
// overflow.
inline constexpr float kSmallestInt8Scale = 1e-30f;

}  // namespace tessera::attention
