#include <cstdint>

#include "libs/device/amx_tiles.h"
#include "libs/device/probes_loops.h"

namespace tessera::device {
namespace {

constexpr TileConfig MakeConfig() {
  TileConfig config;
  for (int tile = 0; tile < 8; ++tile) {
    config.row_bytes[tile] = 64;
    config.rows[tile] = 16;
  }
  return config;
}
constexpr TileConfig kConfig = MakeConfig();

}  // namespace

float LoopI8Amx(int64_t num_steps) {
  TESSERA_TILE_CONFIGURE(kConfig);  // all zero
  for (int64_t step = 0; step < num_steps; ++step) {
    TESSERA_TILE_PRODUCT(tdpbssd, 0, 4, 6);
    TESSERA_TILE_PRODUCT(tdpbssd, 1, 4, 7);
    TESSERA_TILE_PRODUCT(tdpbssd, 2, 5, 6);
    TESSERA_TILE_PRODUCT(tdpbssd, 3, 5, 7);
  }
  TESSERA_TILE_RELEASE();
  return 0;
}

}  // namespace tessera::device
