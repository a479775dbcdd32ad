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
// product with other weights 16 too, and unpacking 20. 16 tokens of 4-bit
// weights take 21 ns a block (by vpdpbusd 64), 8 take 15.5 (28), 4 no less than
// by vpdpbusd, to which they are left.
//
// Weights of 4 bits meet both planes in one product: the rows of a weight tile
// are 16 w, for the activations' high planes, then w, for the low ones. With
// wider ones a token's planes are two rows of the activations' tile.
#include <immintrin.h>

#include <cstdint>

#include "libs/device/amx_tiles.h"
#include "libs/kernels/matmul/avx512_panels.h"
#include "libs/kernels/matmul/avx512_store.h"
#include "libs/kernels/matmul/tile.h"
#include "libs/kernels/matmul/tile_functions.h"

namespace tessera::kernels {
namespace {

constexpr int kTileRows = 16;

// A block of a panel as the tiles and the scaling want it.
template <class Group>
struct Unpacked {
  // Both planes in the depth of a product, or in its rows.
  static constexpr bool kInDepth = Group::kBlock == 256;
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
template <class Group>
inline void Unpack(const uint8_t* panel, int64_t index, Unpacked<Group>& to) {
  using To = Unpacked<Group>;
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

// Unpacked blocks lie in a ring that stays in the L1.
constexpr int kRingBlocks = 8;

template <class Group>
struct Scratch {
  Unpacked<Group> ring[kRingBlocks];
  Sums sums[2];
};

// One tile of tokens times panel after panel. The steps run on from a panel to
// the next: while its last units are scaled, the next one's first are unpacked
// and multiplied. The activations stay in the L1; panels are unpacked again for
// every tile of tokens, which costs less than to keep them unpacked. T: an even
// number of tokens, of a tile of W.
template <class Group, int T, int W>
class TileStream {
 public:
  TileStream(const TileArguments& arguments, int64_t token,
             Scratch<Group>* scratch)
      : x_(arguments),
        token_(token),
        activations_(arguments.activations + token / W * arguments.tile_bytes),
        num_blocks_(static_cast<int>(arguments.num_groups * Group::kBlocks)),
        num_slots_(PaddedBlocks(num_blocks_)),
        num_units_(num_slots_ * To::kUnits),
        ring_(scratch->ring),
        sums_(scratch->sums) {}

  [[gnu::noinline]] void Run() {
    static constexpr device::TileConfig kConfig = MakeConfig<To>(T);
    TESSERA_TILE_CONFIGURE(kConfig);
    panel_ = x_.panels;
    for (int b = 0; b < kAhead; ++b) UnpackBlock(b);
    for (int64_t i = 0; i < x_.num_panels; ++i) {
      // The last one is followed by itself, in vain.
      next_panel_ = i + 1 < x_.num_panels ? panel_ + x_.panel_bytes : panel_;
      Panel(i);
      panel_ = next_panel_;
      first_slot_ += num_slots_;
    }
  }

 private:
  using To = Unpacked<Group>;
  static constexpr Int12BlockLayout kLayout{W};
  // 8 tokens' planes fill a tile.
  static constexpr bool kSecondTile = !To::kInDepth && T > 8;
  static constexpr int kRowStride = To::kInDepth ? 64 : 32;
  static constexpr int kAhead = 2;  // blocks unpacked before their product
  static constexpr int kFewestBlocks = kAhead + 2;

  // By blocks of zeros: an even number, for tiles take turns, and no step
  // reaches past the next panel. Activations::num_blocks() covers it.
  static int PaddedBlocks(int num_blocks) {
    const int even = (num_blocks + 1) / 2 * 2;
    return even < kFewestBlocks ? kFewestBlocks : even;
  }

  [[gnu::always_inline]] void Panel(int64_t index) {
    const int64_t num_tokens = x_.num_tokens - token_;
    PrefetchOutput<T>(x_, index, token_, num_tokens);
    __m512 acc[T];
#pragma GCC unroll 16
    for (int t = 0; t < T; ++t) acc[t] = _mm512_setzero_ps();
    if (index == 0) {
      Multiply<0>(0);
      UnpackBlock(kAhead);
      Multiply<1>(1);
      if (To::kUnits == 1) UnpackBlock(kAhead + 1);
      StoreTiles<0>();
    }
    for (int u = 2; u < num_units_; u += 2) {
      Step<0>(u, acc);
      Step<1>(u + 1, acc);
    }
    Step<0>(num_units_, acc);
    Step<1>(num_units_ + 1, acc);
    ScaleRows<T, W>(activations_, acc);
    Store<T>(x_, index, token_, num_tokens, acc);
  }

  // Blocks of the panel, then of the next.
  To& Block(int b) const { return ring_[(first_slot_ + b) % kRingBlocks]; }

  [[gnu::always_inline]] void UnpackBlock(int b) const {
    const bool is_next = b >= num_slots_;
    const int index = is_next ? b - num_slots_ : b;
    if (Group::kBlocks < kFewestBlocks && index >= num_blocks_) {
      Block(b) = {};
    } else {
      Unpack<Group>(is_next ? next_panel_ : panel_, index, Block(b));
    }
  }

  // Multiplies unit `u`, scales the one before the last, stores the last.
  template <int kOdd>
  [[gnu::always_inline]] void Step(int u, __m512* acc) const {
    Multiply<kOdd>(u);
    if (u % To::kUnits == 0) UnpackBlock(u / To::kUnits + kAhead);
    AddScaled(sums_[kOdd], u - 2, acc);
    StoreTiles<1 - kOdd>();
  }

  const uint8_t* Activations(int unit) const {
    if (unit >= num_units_) unit -= num_units_;
    const uint8_t* a = activations_ + unit / To::kUnits * kLayout.bytes();
    // One address, not one for each token that the compiler keeps or spills.
    asm("" : "+r"(a));
    return a;
  }

  template <int kOdd>
  [[gnu::always_inline]] void Multiply(int u) const {
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
  [[gnu::always_inline]] void StoreTiles() const {
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
      acc[t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), d, acc[t]);
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

  const TileArguments& x_;
  const int64_t token_;
  const uint8_t* const activations_;
  const int num_blocks_;  // of a panel
  const int num_slots_;   // of a panel in the ring: padded blocks
  const int num_units_;   // in them
  // Not members: what tile instructions write is any memory to the compiler,
  // and without arrays this class stays in registers.
  To* const ring_;
  Sums* const sums_;

  const uint8_t* panel_ = nullptr;
  const uint8_t* next_panel_ = nullptr;
  unsigned first_slot_ = 0;  // of the ring, the panel's first block's
};

// Panels that stay in the L2 while tile after tile of tokens meets them, of
// matrices that do not.
constexpr int64_t kGroupBytes = 256 << 10;

TileArguments PanelsFrom(TileArguments arguments, int64_t first,
                         int64_t num_panels) {
  arguments.panels += first * arguments.panel_bytes;
  arguments.num_panels = num_panels;
  arguments.output += 16 * first;
  arguments.num_rows -= 16 * first;
  if (arguments.bias != nullptr) arguments.bias += 16 * first;
  return arguments;
}

// `num_tokens` from `token` on, up to W, in a tile of the least even number of
// tokens: 10 instead of 16 take a sixth less, 6 instead of 8 a tenth.
template <class Group, int W, int T = W>
void MultiplyTile(const TileArguments& arguments, int64_t token,
                  int64_t num_tokens, Scratch<Group>* scratch) {
  if constexpr (T > 4) {
    if (num_tokens <= T - 2) {
      return MultiplyTile<Group, W, T - 2>(arguments, token, num_tokens,
                                           scratch);
    }
  }
  TileStream<Group, T, W>(arguments, token, scratch).Run();
}

template <class Group, int W>
void MultiplyTiles(const TileArguments& arguments, Scratch<Group>* scratch) {
  for (int64_t token = 0; token < arguments.num_tokens; token += W) {
    MultiplyTile<Group, W>(arguments, token, arguments.num_tokens - token,
                           scratch);
  }
}

template <class Group, int W>
void MultiplyPanels(const TileArguments& arguments) {
  Scratch<Group> scratch;
  const int64_t num_panels = arguments.num_panels;
  const int64_t most = arguments.num_tokens <= W
                           ? num_panels
                           : kGroupBytes / arguments.panel_bytes + 1;
  for (int64_t first = 0; first < num_panels; first += most) {
    const int64_t left = num_panels - first;
    MultiplyTiles<Group, W>(
        PanelsFrom(arguments, first, left < most ? left : most), &scratch);
  }
  TESSERA_TILE_RELEASE();
}

template <class Group, int kFormat>
void Multiply(const TileArguments& arguments) {
  if (arguments.tile_width <= 4) {
    return Avx512TileFunctions().int12[kFormat](arguments);
  }
  if (arguments.tile_width == 8) {
    return MultiplyPanels<Group, 8>(arguments);
  }
  MultiplyPanels<Group, 16>(arguments);
}

void FillIntegers(TileFunction* functions) {
  functions[0] = Multiply<GroupQ4, 0>;
  functions[1] = Multiply<GroupQ4Min, 1>;
  functions[2] = Multiply<GroupQ4Super, 2>;
  functions[3] = Multiply<GroupQ6Super, 3>;
  functions[4] = Multiply<GroupQ8, 4>;
  functions[5] = Multiply<GroupQ8Min, 5>;
  functions[6] = Multiply<GroupQ8Super, 6>;
}

}  // namespace

TileFunctions AmxTileFunctions() {
  TileFunctions functions = Avx512TileFunctions();
  FillIntegers(functions.int12);
  return functions;
}

}  // namespace tessera::kernels
