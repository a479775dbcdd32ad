// AMX tiles: 8 registers of up to 16 rows of 64 bytes, for sources compiled for
// them (*_amx.cc) and threads that the system has let use them (cpu_features).
//
// Macros of assembly, since the tile is a part of the instruction; GCC 12's
// intrinsics neither tell the compiler that a load reads memory nor that
// ldtilecfg reads more than 8 bytes of it.
#pragma once

#include <cstdint>

#define TESSERA_TILE_ZERO(tile) asm volatile("tilezero %%tmm" #tile ::)
#define TESSERA_TILE_LOAD(tile, memory, stride)                 \
  asm volatile("tileloadd (%0,%1,1), %%tmm" #tile               \
               :                                                \
               : "r"(memory), "r"(static_cast<int64_t>(stride)) \
               : "memory")
#define TESSERA_TILE_STORE(tile, memory, stride)                \
  asm volatile("tilestored %%tmm" #tile ", (%0,%1,1)"           \
               :                                                \
               : "r"(memory), "r"(static_cast<int64_t>(stride)) \
               : "memory")
// sums += a times b, by `instruction`: tdpbf16ps, tdpbssd, tdpbsud
#define TESSERA_TILE_PRODUCT(instruction, sums, a, b) \
  asm volatile(#instruction " %%tmm" #b ", %%tmm" #a ", %%tmm" #sums ::)
#define TESSERA_TILE_CONFIGURE(config) \
  asm volatile("ldtilecfg %0" : : "m"(config))
// Back to the initial state, which costs the system nothing to save.
#define TESSERA_TILE_RELEASE() asm volatile("tilerelease" ::)

namespace tessera::device {
namespace {

// As ldtilecfg reads it.
struct TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

}  // namespace
}  // namespace tessera::device
