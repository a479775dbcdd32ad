// Inner loops of the probes, one source an instruction set. Plain types only:
// the sources are compiled with flags of their own (bazel/kernels/isa.bzl).
#pragma once

#include <cstdint>

namespace tessera::device {

// Reads whole; `num_bytes` is a multiple of 1,024. Returns something that
// depends on every byte.
uint64_t ReadAllAvx512(const uint8_t* data, int64_t num_bytes);
uint64_t ReadAllAvx2(const uint8_t* data, int64_t num_bytes);

// Runs that many steps; returns something, so that they are not left out. A
// step is as many operations as the constant of its name says.
inline constexpr int64_t kF32OperationsAvx512 = 12 * 16 * 2;
inline constexpr int64_t kBF16OperationsAvx512 = 12 * 32 * 2;
inline constexpr int64_t kI8OperationsAvx512 = 12 * 64 * 2;
float LoopF32Avx512(int64_t num_steps);
float LoopBF16Avx512(int64_t num_steps);
float LoopI8Avx512(int64_t num_steps);

inline constexpr int64_t kI8OperationsAmx = 4 * 16 * 16 * 64 * 2;
float LoopI8Amx(int64_t num_steps);

inline constexpr int64_t kF32OperationsAvx2 = 12 * 8 * 2;
inline constexpr int64_t kI8OperationsAvx2 = 8 * 32 * 2;
float LoopF32Avx2(int64_t num_steps);
float LoopI8Avx2(int64_t num_steps);

}  // namespace tessera::device
