// Matrix products of int12 activations on AMX tiles: the bits of
// matmul_avx512.cc, whose integer sums are exact too, and its order of floats.
//
// A tile product takes 16 tokens times 16 rows over 64 bytes in 16 cycles, 8
// times vpdpbusd's rate. Every unit of columns that has a scale of its own (a
// block of 32, or half of one) is a product, stored and scaled by vector code;
// the three steps work on three units at once. What bounds them, measured on
// Granite Rapids: within some 300 cycles of any tile instruction only one of
// the two ports multiplies, converts or shifts 512-bit vectors (both add and do
// logic), and the 4 such operations that a token and unit take are 64 cycles
// for 16 tokens; a store of a tile takes 16 cycles, however few its rows, a
// product 16 more. 16 tokens of 4-bit weights take 24 ns a block (by vpdpbusd
// 64), 8 take 17 (28), 4 take 16 (14: left to matmul_avx512.cc).
//
// 16 tokens meet weights of 4 bits in one product: the rows of a weight tile
// are 16 w, for the activations' high planes, then w, for the low ones.
// Otherwise a token's planes are two rows of the activations' tile.
#include <immintrin.h>

#include <cstdint>

#include "libs/device/amx_tiles.h"
#include "libs/kernels/matmul/avx512_panels.h"
#include "libs/kernels/matmul/avx512_store.h"
#include "libs/kernels/matmul/tile.h"
#include "libs/kernels/matmul/tile_functions.h"

namespace tessera::kernels {
namespace {

// Columns that a panel is unpacked for at once, 32 each: the weights of 24
// blocks (27 KB) stay in the L1 while the tokens' tiles pass by. A multiple of
// the blocks in any group.
constexpr int kChunkBlocks = 24;
constexpr int kTileRows = 16;

// A block of a panel as the tiles and the scaling want it, for tiles of W
// tokens.
template <class Group, int W>
struct Unpacked {
  // Both planes in the depth of a product, or in its rows.
  static constexpr bool kInDepth = W == 16 && Group::kBlock == 256;
  static constexpr int kUnits = Group::kHalves ? 2 : 1;
  static constexpr int kUnitColumns = 32 / kUnits;
  static constexpr int kDepth = kInDepth ? 64 : kUnitColumns;  // bytes
  // 16 w goes up to 240: without an offset it stays unsigned.
  static constexpr bool kUnsigned = kInDepth && Group::kOffset == 0;

  alignas(64) uint8_t weights[kUnits][kDepth / 4][64];
  alignas(64) float scale[kUnits][16];
  alignas(64) float min[16];
};

template <class Group>
inline __m512 UnitScale(const Group& group, int block, int half) {
  if constexpr (Group::kHalves) {
    return group.HalfScale(block, half);
  } else {
    return group.Scale(block);
  }
}

// Row j of a weight tile: 16 w of columns 4j to 4j + 3, row 8 + j: their w. By
// instructions of the port that AMX leaves to the vectors.
template <class Group>
inline void StoreTwice(const uint8_t* block, uint8_t (*rows)[64]) {
  const __m512i low = _mm512_set1_epi8(15);
  // Of each byte of 8, the one that starts at its upper nibble.
  const __m512i upper = _mm512_set1_epi64(0x3c342c241c140c04);
  const __m512i times16 = _mm512_broadcast_i32x4(
      _mm_setr_epi8(0, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, -0x80, -0x70,
                    -0x60, -0x50, -0x40, -0x30, -0x20, -0x10));
  const __m512i offset = _mm512_set1_epi8(Group::kOffset);
  const __m512i offset16 =
      _mm512_set1_epi8(static_cast<char>(16 * Group::kOffset));
  const auto store = [&](int j, __m512i w, __m512i w16) {
    if constexpr (Group::kOffset != 0) {
      w = _mm512_sub_epi8(w, offset);
      w16 = _mm512_sub_epi8(w16, offset16);
    }
    _mm512_store_si512(rows[j], w16);
    _mm512_store_si512(rows[8 + j], w);
  };
  for (int j = 0; j < 4; ++j) {
    const __m512i packed = Load(block + 64 * j);
    const __m512i first = _mm512_and_si512(packed, low);
    store(j, first, _mm512_shuffle_epi8(times16, first));
    store(4 + j,
          _mm512_and_si512(_mm512_multishift_epi64_epi8(upper, packed), low),
          _mm512_andnot_si512(low, packed));
  }
}

template <class Group>
inline void StoreOnce(const uint8_t* block, uint8_t (*rows)[64]) {
  for (int half = 0; half < 2; ++half) {
    __m512i w[4];
    Group::Unpack(block, half, w);
    for (int j = 0; j < 4; ++j) {
      _mm512_store_si512(
          rows[4 * half + j],
          _mm512_sub_epi8(w[j],
                          _mm512_set1_epi8(static_cast<char>(Group::kOffset))));
    }
  }
}

// Block `index` of a panel, counted from its first.
template <class Group, int W>
inline void Unpack(const uint8_t* panel, int64_t index,
                   Unpacked<Group, W>& to) {
  using To = Unpacked<Group, W>;
  constexpr int kGroupBytes = Group::kHeader + Group::kBlocks * Group::kBlock;
  const uint8_t* header = panel + index / Group::kBlocks * kGroupBytes;
  const int i = static_cast<int>(index % Group::kBlocks);
  const uint8_t* block = header + Group::kHeader + i * Group::kBlock;
  if (i == 0) PrefetchLines<Group::kHeader>(header + kPrefetchBytes);
  PrefetchLines<Group::kBlock>(block + kPrefetchBytes);
  const Group group(header);
  if constexpr (To::kInDepth) {
    StoreTwice<Group>(block, to.weights[0]);
  } else {
    StoreOnce<Group>(block, to.weights[0]);
  }
  for (int unit = 0; unit < To::kUnits; ++unit) {
    _mm512_store_ps(to.scale[unit], UnitScale(group, i, unit));
  }
  if constexpr (Group::kMin) _mm512_store_ps(to.min, group.Min(i));
}

// Tiles 0 to 3 hold sums (0 and 2 those of units of even index, 1 and 3 of odd
// ones), 4 and 5 activations, 6 and 7 weights.
template <class To>
constexpr device::TileConfig MakeConfig(int tokens) {
  const int rows = To::kInDepth ? tokens : 2 * tokens;
  device::TileConfig config;
  for (int tile = 0; tile < 8; ++tile) {
    config.row_bytes[tile] = 64;
    config.rows[tile] = static_cast<uint8_t>(rows < 16 ? rows : 16);
  }
  config.row_bytes[4] = config.row_bytes[5] = To::kDepth;
  config.rows[6] = config.rows[7] = To::kDepth / 4;
  return config;
}

#define TESSERA_UNIT_PRODUCT(sums, a, b)         \
  do {                                           \
    if constexpr (To::kUnsigned) {               \
      TESSERA_TILE_PRODUCT(tdpbsud, sums, a, b); \
    } else {                                     \
      TESSERA_TILE_PRODUCT(tdpbssd, sums, a, b); \
    }                                            \
  } while (false)

// The sums of one unit: a row a token, or (planes in rows) two.
struct alignas(64) Sums {
  int32_t rows[2 * kTileRows][16];
};

// What becomes of a panel's unpacked blocks: the only tile of tokens unpacks
// them into a ring that stays in the L1 beside the stream of panels, the first
// of more keeps all of the chunk, the others find them.
enum class Blocks { kRing, kKeep, kFind };
constexpr int kRingBlocks = 8;

// The tokens of a tile times a chunk of a panel. T: 4, 8 or 16 tokens, of a
// tile of W.
template <class Group, int T, int W, Blocks kBlocks, bool kBlockScales>
class TilePass {
 public:
  TilePass(Unpacked<Group, W>* blocks, const uint8_t* activations)
      : blocks_(blocks), activations_(activations) {}

  // acc += the panel's blocks [first, first + num_blocks) . activations.
  [[gnu::always_inline]] void Add(const uint8_t* panel, int64_t first,
                                  int num_blocks, __m512* acc) {
    panel_ = panel;
    first_ = first;
    num_blocks_ = num_blocks;
    for (int b = 0; b < kAhead; ++b) UnpackBlock(b);
    const int n = num_blocks * To::kUnits;
    int u = 0;
    for (; u + 1 < n; u += 2) {
      Step<0>(u, acc);
      Step<1>(u + 1, acc);
    }
    if (u < n) {  // an odd number of units
      Step<0>(u, acc);
      if (u > 0) AddScaled(sums_[1], u - 1, acc);
      StoreTiles<0>();
      AddScaled(sums_[0], u, acc);
    } else {
      AddScaled(sums_[0], u - 2, acc);
      StoreTiles<1>();
      AddScaled(sums_[1], u - 1, acc);
    }
  }

 private:
  using To = Unpacked<Group, W>;
  static constexpr Int12BlockLayout kLayout{W};
  // 8 tokens' planes fill a tile.
  static constexpr bool kSecondTile = !To::kInDepth && T > 8;
  static constexpr int kRowStride = To::kInDepth ? 64 : 32;
  static constexpr int kAhead = 2;  // blocks

  To& Block(int b) const {
    return blocks_[kBlocks == Blocks::kRing ? b % kRingBlocks : b];
  }

  [[gnu::always_inline]] void UnpackBlock(int b) {
    if (kBlocks == Blocks::kFind || b >= num_blocks_) return;
    Unpack<Group, W>(panel_, first_ + b, Block(b));
  }

  // Multiplies unit `u`, scales the one before the last, stores the last.
  template <int kOdd>
  [[gnu::always_inline]] void Step(int u, __m512* acc) {
    Multiply<kOdd>(u);
    if (u % To::kUnits == 0) UnpackBlock(u / To::kUnits + kAhead);
    if (u >= 2) AddScaled(sums_[kOdd], u - 2, acc);
    if (u >= 1) StoreTiles<1 - kOdd>();
  }

  const uint8_t* Activations(int u) const {
    return activations_ + u / To::kUnits * kLayout.bytes();
  }

  template <int kOdd>
  void Multiply(int u) {
    const int half = u % To::kUnits;
    const uint8_t* x = Activations(u) + To::kUnitColumns * half;
    const uint8_t* w = Block(u / To::kUnits).weights[half][0];
    if constexpr (kOdd) {
      TESSERA_TILE_LOAD(5, x, kRowStride);
      TESSERA_TILE_LOAD(7, w, 64);
      TESSERA_TILE_ZERO(1);
      TESSERA_UNIT_PRODUCT(1, 5, 7);
      if constexpr (!kSecondTile) return;
      TESSERA_TILE_LOAD(5, x + kLayout.high(8), kRowStride);
      TESSERA_TILE_ZERO(3);
      TESSERA_UNIT_PRODUCT(3, 5, 7);
    } else {
      TESSERA_TILE_LOAD(4, x, kRowStride);
      TESSERA_TILE_LOAD(6, w, 64);
      TESSERA_TILE_ZERO(0);
      TESSERA_UNIT_PRODUCT(0, 4, 6);
      if constexpr (!kSecondTile) return;
      TESSERA_TILE_LOAD(4, x + kLayout.high(8), kRowStride);
      TESSERA_TILE_ZERO(2);
      TESSERA_UNIT_PRODUCT(2, 4, 6);
    }
  }

  template <int kOdd>
  void StoreTiles() {
    if constexpr (kOdd) {
      TESSERA_TILE_STORE(1, sums_[1].rows[0], 64);
      if constexpr (kSecondTile) TESSERA_TILE_STORE(3, sums_[1].rows[16], 64);
    } else {
      TESSERA_TILE_STORE(0, sums_[0].rows[0], 64);
      if constexpr (kSecondTile) TESSERA_TILE_STORE(2, sums_[0].rows[16], 64);
    }
  }

  [[gnu::always_inline]] void AddScaled(const Sums& sums, int u,
                                        __m512* acc) const {
    const To& block = Block(u / To::kUnits);
    const uint8_t* a = Activations(u);
    const __m512 d = _mm512_load_ps(block.scale[u % To::kUnits]);
#pragma GCC unroll 16
    for (int t = 0; t < T; ++t) {
      __m512i dot;
      if constexpr (To::kInDepth) {
        dot = _mm512_load_si512(sums.rows[t]);
      } else {
        dot = _mm512_add_epi32(
            _mm512_slli_epi32(_mm512_load_si512(sums.rows[2 * t]), kPlaneBits),
            _mm512_load_si512(sums.rows[2 * t + 1]));
      }
      __m512 scale = d;
      if constexpr (kBlockScales) {
        scale = _mm512_mul_ps(d, BroadcastFloat(a + kLayout.scale(t)));
      }
      acc[t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), scale, acc[t]);
    }
    if constexpr (Group::kMin) {
      const __m512 m = _mm512_load_ps(block.min);
#pragma GCC unroll 16
      for (int t = 0; t < T; ++t) {
        acc[t] = _mm512_fmadd_ps(m, BroadcastFloat(a + kLayout.scaled_sum(t)),
                                 acc[t]);
      }
    }
  }

  To* const blocks_;
  const uint8_t* const activations_;
  const uint8_t* panel_ = nullptr;
  int64_t first_ = 0;
  int num_blocks_ = 0;
  Sums sums_[2];
};

// A panel times all tokens, chunk by chunk of columns; sums wait in `partial`.
template <class Group, int W, bool kBlockScales>
class PanelPass {
 public:
  explicit PanelPass(const TileArguments& arguments) : x_(arguments) {}

  void Run(const uint8_t* panel, int64_t index) {
    const int64_t num_blocks = x_.num_groups * Group::kBlocks;
    for (int64_t first = 0; first < num_blocks; first += kChunkBlocks) {
      const int64_t left = num_blocks - first;
      first_ = first;
      count_ = static_cast<int>(left < kChunkBlocks ? left : kChunkBlocks);
      is_last_ = left <= kChunkBlocks;
      for (int64_t token = 0; token < x_.num_tokens; token += W) {
        if (x_.num_tokens <= W) {
          Tokens<Blocks::kRing>(panel, index, token);
        } else if (token == 0) {
          Tokens<Blocks::kKeep>(panel, index, token);
        } else {
          Tokens<Blocks::kFind>(panel, index, token);
        }
      }
    }
  }

 private:
  template <Blocks kBlocks>
  void Tokens(const uint8_t* panel, int64_t index, int64_t token) {
    const int64_t n = x_.num_tokens - token;
    if (W > 8 && n > 8) {
      Tile<16, kBlocks>(panel, index, token, n);
    } else if (n > 4) {
      Tile<8, kBlocks>(panel, index, token, n);
    } else {
      Tile<4, kBlocks>(panel, index, token, n);
    }
  }

  template <int T, Blocks kBlocks>
  void Tile(const uint8_t* panel, int64_t index, int64_t token, int64_t n) {
    static constexpr device::TileConfig kConfig =
        MakeConfig<Unpacked<Group, W>>(T);
    if (configured_ != T) {
      TESSERA_TILE_CONFIGURE(kConfig);
      configured_ = T;
    }
    const uint8_t* tile = x_.activations + token / W * x_.tile_bytes;
    const uint8_t* a = tile + first_ * Int12BlockLayout{W}.bytes();
    __m512 acc[T];
#pragma GCC unroll 16
    for (int t = 0; t < T; ++t) {
      acc[t] = first_ == 0 ? _mm512_setzero_ps()
                           : _mm512_load_ps(partial_[token + t]);
    }
    TilePass<Group, T, W, kBlocks, kBlockScales>(blocks_, a)
        .Add(panel, first_, count_, acc);
    if (!is_last_) {
#pragma GCC unroll 16
      for (int t = 0; t < T; ++t) {
        _mm512_store_ps(partial_[token + t], acc[t]);
      }
    } else {
      if constexpr (!kBlockScales) ScaleRows<T, W>(tile, acc);
      Store<T>(x_, index, token, n, acc);
    }
  }

  const TileArguments& x_;
  int configured_ = 0;
  int64_t first_ = 0;  // block of the chunk
  int count_ = 0;
  bool is_last_ = false;
  Unpacked<Group, W> blocks_[kChunkBlocks];
  alignas(64) float partial_[kMostCallTokens][16];
};

template <class Group, int W, bool kBlockScales>
void MultiplyPanels(const TileArguments& arguments) {
  PanelPass<Group, W, kBlockScales> pass(arguments);
  const uint8_t* panel = arguments.panels;
  for (int64_t i = 0; i < arguments.num_panels; ++i) {
    pass.Run(panel, i);
    panel += arguments.panel_bytes;
  }
  TESSERA_TILE_RELEASE();
}

template <class Group, int kFormat, bool kBlockScales>
void Multiply(const TileArguments& arguments) {
  if (arguments.tile_width <= 4) {
    const TileFunctions functions = Avx512TileFunctions();
    return (kBlockScales ? functions.int12_blocks
                         : functions.int12)[kFormat](arguments);
  }
  if (arguments.tile_width == 8) {
    return MultiplyPanels<Group, 8, kBlockScales>(arguments);
  }
  MultiplyPanels<Group, 16, kBlockScales>(arguments);
}

template <bool kBlockScales>
void FillIntegers(TileFunction* functions) {
  functions[0] = Multiply<GroupQ4, 0, kBlockScales>;
  functions[1] = Multiply<GroupQ4Min, 1, kBlockScales>;
  functions[2] = Multiply<GroupQ4Super, 2, kBlockScales>;
  functions[3] = Multiply<GroupQ6Super, 3, kBlockScales>;
  functions[4] = Multiply<GroupQ8, 4, kBlockScales>;
  functions[5] = Multiply<GroupQ8Min, 5, kBlockScales>;
  functions[6] = Multiply<GroupQ8Super, 6, kBlockScales>;
}

}  // namespace

TileFunctions AmxTileFunctions() {
  TileFunctions functions = Avx512TileFunctions();
  FillIntegers<false>(functions.int12);
  FillIntegers<true>(functions.int12_blocks);
  return functions;
}

}  // namespace tessera::kernels
