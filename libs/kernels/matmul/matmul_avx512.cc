// Matrix products on AVX-512 with VNNI and BF16.
//
// A tile of T tokens keeps one block of weights unpacked in 8 registers and T
// chains of dot products in T more; the activations arrive as embedded
// broadcasts, which cost nothing beside vpdpbusd (a full load would: 1.12
// to 1.17 cycles a product instead of 1). Per block and token of int8: 8
// vpdpbusd, a multiplication and two or three FMAs share one pipe pair of Zen
// 4, so 8/12 of the int8 peak is the most that formats with a minimum can reach
// (8/11 without); Intel's pair converts the two sums as well: 8/14.
//
// Every output's operations come in the order of its columns, whatever T is.
#include <immintrin.h>

#include <cstdint>

#include "libs/kernels/matmul/avx512_panels.h"
#include "libs/kernels/matmul/avx512_store.h"
#include "libs/kernels/matmul/tile.h"
#include "libs/kernels/matmul/tile_functions.h"

namespace tessera::kernels {
namespace {

// GCC does not fold the broadcast into the instruction: it spends a register
// and a load port on each, and M = 512 runs at 54% instead of 69% of peak.
inline __m512i DotProduct(__m512i sum, __m512i weights, const uint8_t* four) {
  asm("vpdpbusd %2%{1to16%}, %1, %0"
      : "+v"(sum)
      : "v"(weights), "m"(*reinterpret_cast<const int32_t*>(four)));
  return sum;
}

inline __m512 DotProductBF16(__m512 sum, __m512i weights, const uint8_t* two) {
  asm("vdpbf16ps %2%{1to16%}, %1, %0"
      : "+v"(sum)
      : "v"(weights), "m"(*reinterpret_cast<const int32_t*>(two)));
  return sum;
}

// -kOffset * the sum of a token's integers: of a half, or (int12, but for Q6)
// of the block.
template <class Layout, int W, int kOffset>
inline __m512i Correction(const uint8_t* a, int t, int half) {
  constexpr Layout kLayout{W};
  if constexpr (kOffset == 0) return _mm512_setzero_si512();
  const int at = kOffset == 8     ? kLayout.sum8(t)
                 : kOffset == 128 ? kLayout.sum128(t)
                                  : kLayout.sum32(t);
  return BroadcastInt(a + at + 4 * half);
}

// The int8 kind: acc[t] += block . activations[t]
struct Int8 {
  static constexpr bool kRowScale = false;
  template <int W>
  static constexpr Int8BlockLayout Layout() {
    return {W};
  }

  template <class Group, int T, int W>
  static void AddBlock(const Group& group, int i, const uint8_t* block,
                       const uint8_t* a, __m512* acc) {
    constexpr Int8BlockLayout kLayout{W};
    __m512 both[T];
    for (int half = 0; half < 2; ++half) {
      __m512i dot[T];
      HalfDots<Group, T, W>(block, half, a, dot);
      if constexpr (Group::kHalves) {
        const __m512 d = group.HalfScale(i, half);
        for (int t = 0; t < T; ++t) {
          const __m512 scale =
              _mm512_mul_ps(d, BroadcastFloat(a + kLayout.scale(t) + 4 * half));
          acc[t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[t]), scale, acc[t]);
        }
        continue;
      }
      for (int t = 0; t < T; ++t) {
        const __m512 scale = BroadcastFloat(a + kLayout.scale(t) + 4 * half);
        const __m512 value = _mm512_cvtepi32_ps(dot[t]);
        both[t] = half == 0 ? _mm512_mul_ps(value, scale)
                            : _mm512_fmadd_ps(value, scale, both[t]);
      }
    }
    if constexpr (!Group::kHalves) {
      const __m512 d = group.Scale(i);
      for (int t = 0; t < T; ++t) acc[t] = _mm512_fmadd_ps(both[t], d, acc[t]);
    }
    if constexpr (Group::kMin) {
      const __m512 m = group.Min(i);
      for (int t = 0; t < T; ++t) {
        acc[t] = _mm512_fmadd_ps(m, BroadcastFloat(a + kLayout.scaled_sum(t)),
                                 acc[t]);
      }
    }
  }

 private:
  template <class Group, int T, int W>
  static void HalfDots(const uint8_t* block, int half, const uint8_t* a,
                       __m512i* dot) {
    constexpr Int8BlockLayout kLayout{W};
    __m512i w[4];
    Group::Unpack(block, half, w);
    for (int t = 0; t < T; ++t) {
      if constexpr (Group::kOffset == 0) {
        dot[t] = _mm512_setzero_si512();
      } else {
        dot[t] = Correction<Int8BlockLayout, W, Group::kOffset>(a, t, half);
      }
    }
    for (int j = 0; j < 4; ++j) {
      for (int t = 0; t < T; ++t) {
        dot[t] = DotProduct(dot[t], w[j], a + kLayout.q(t) + 16 * half + 4 * j);
      }
    }
  }
};

// The int12 kind: both planes go through one register, shifted in between.
// The row's scale is left to the end.
struct Int12 {
  static constexpr bool kRowScale = true;
  template <int W>
  static constexpr Int12BlockLayout Layout() {
    return {W};
  }

  template <class Group, int T, int W>
  static void AddBlock(const Group& group, int i, const uint8_t* block,
                       const uint8_t* a, __m512* acc) {
    constexpr Int12BlockLayout kLayout{W};
    __m512i w[8];
    Group::Unpack(block, 0, w);
    Group::Unpack(block, 1, w + 4);
    if constexpr (Group::kHalves) {
      AddRegisters<Group, T, W, 0, 4>(w, group.HalfScale(i, 0), a, acc);
      AddRegisters<Group, T, W, 4, 8>(w, group.HalfScale(i, 1), a, acc);
    } else {
      AddRegisters<Group, T, W, 0, 8>(w, group.Scale(i), a, acc);
    }
    if constexpr (Group::kMin) {
      const __m512 m = group.Min(i);
      for (int t = 0; t < T; ++t) {
        acc[t] = _mm512_fmadd_ps(m, BroadcastFloat(a + kLayout.scaled_sum(t)),
                                 acc[t]);
      }
    }
  }

 private:
  template <class Group, int T, int W, int kFirst, int kEnd>
  static void AddRegisters(const __m512i* w, __m512 d, const uint8_t* a,
                           __m512* acc) {
    constexpr Int12BlockLayout kLayout{W};
    __m512i high[T], dot[T];
    for (int t = 0; t < T; ++t) {
      high[t] = _mm512_setzero_si512();
      dot[t] =
          Correction<Int12BlockLayout, W, Group::kOffset>(a, t, kFirst / 4);
    }
    for (int j = kFirst; j < kEnd; ++j) {
      for (int t = 0; t < T; ++t) {
        high[t] = DotProduct(high[t], w[j], a + kLayout.high(t) + 4 * j);
      }
      for (int t = 0; t < T; ++t) {
        dot[t] = DotProduct(dot[t], w[j], a + kLayout.low(t) + 4 * j);
      }
    }
    for (int t = 0; t < T; ++t) {
      dot[t] = _mm512_add_epi32(dot[t], _mm512_slli_epi32(high[t], kPlaneBits));
    }
    for (int t = 0; t < T; ++t) {
      acc[t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[t]), d, acc[t]);
    }
  }
};

template <class Kind, class Group, int T, int W>
inline void SumPanel(const uint8_t* panel, int64_t num_groups, const uint8_t* a,
                     int64_t prefetch, __m512* acc) {
  for (int64_t g = 0; g < num_groups; ++g) {
    const Group group(panel);
    if (T > 1 || prefetch > 0) PrefetchLines<Group::kHeader>(panel + prefetch);
    panel += Group::kHeader;
    for (int i = 0; i < Group::kBlocks; ++i) {
      if (T > 1 || prefetch > 0) PrefetchLines<Group::kBlock>(panel + prefetch);
      Kind::template AddBlock<Group, T, W>(group, i, panel, a, acc);
      panel += Group::kBlock;
      a += Kind::template Layout<W>().bytes();
    }
  }
}

// Float formats have no scales; a "group" is a block of 32 columns.
struct WeightsBF16 {
  static constexpr int kBlock = 1024;
  template <int T, int W>
  static void Add(const uint8_t* block, const uint8_t* a, __m512* acc) {
    for (int i = 0; i < 16; ++i) {
      const __m512i w = Load(block + 64 * i);
      for (int t = 0; t < T; ++t) {
        acc[t] = DotProductBF16(acc[t], w, a + (i * W + t) * 4);
      }
    }
  }
  static constexpr int kActivationBytes = kBFloat16BlockBytes;
};

struct WeightsF16 {
  static constexpr int kBlock = 1024;
  template <int T, int W>
  static void Add(const uint8_t* block, const uint8_t* a, __m512* acc) {
    for (int i = 0; i < 32; ++i) {
      const __m512 w = LoadHalf(block + 32 * i);
      for (int t = 0; t < T; ++t) {
        acc[t] =
            _mm512_fmadd_ps(w, BroadcastFloat(a + (i * W + t) * 4), acc[t]);
      }
    }
  }
  static constexpr int kActivationBytes = kFloatBlockBytes;
};

struct WeightsF32 {
  static constexpr int kBlock = 2048;
  template <int T, int W>
  static void Add(const uint8_t* block, const uint8_t* a, __m512* acc) {
    for (int i = 0; i < 32; ++i) {
      const __m512 w = _mm512_load_ps(block + 64 * i);
      for (int t = 0; t < T; ++t) {
        acc[t] =
            _mm512_fmadd_ps(w, BroadcastFloat(a + (i * W + t) * 4), acc[t]);
      }
    }
  }
  static constexpr int kActivationBytes = kFloatBlockBytes;
};

template <class Weights, int T, int W>
inline void SumFloatPanel(const uint8_t* panel, int64_t num_groups,
                          const uint8_t* a, int64_t prefetch, __m512* acc) {
  for (int64_t g = 0; g < num_groups; ++g) {
    if (T > 1 || prefetch > 0) PrefetchLines<Weights::kBlock>(panel + prefetch);
    Weights::template Add<T, W>(panel, a, acc);
    panel += Weights::kBlock;
    a += Weights::kActivationBytes * W;
  }
}

// An integer format with a kind of activations.
template <class GroupType, class KindType>
struct Integers {
  using Group = GroupType;
  using Kind = KindType;
};

template <class Format, int T, int W>
inline void Tile(const TileArguments& arguments, const uint8_t* panel_data,
                 int64_t panel, const uint8_t* a, int64_t token,
                 int64_t num_tokens, int64_t prefetch) {
  __m512 acc[T];
  for (int t = 0; t < T; ++t) acc[t] = _mm512_setzero_ps();
  if constexpr (requires { typename Format::Group; }) {
    SumPanel<typename Format::Kind, typename Format::Group, T, W>(
        panel_data, arguments.num_groups, a, prefetch, acc);
    if constexpr (Format::Kind::kRowScale) ScaleRows<T, W>(a, acc);
  } else {
    SumFloatPanel<Format, T, W>(panel_data, arguments.num_groups, a, prefetch,
                                acc);
  }
  Store<T>(arguments, panel, token, num_tokens, acc);
}

// An odd number of tokens computes one more, of zeros or of leftovers,
// unstored.
template <class Format>
inline void PanelTimesTiles(const TileArguments& x, const uint8_t* panel_data,
                            int64_t panel) {
  const uint8_t* a = x.activations;
  int64_t prefetch = kPrefetchBytes;
  for (int64_t token = 0; token < x.num_tokens; token += x.tile_width) {
    const int64_t n = x.num_tokens - token;
    if (x.tile_width == 1) {
      Tile<Format, 1, 1>(x, panel_data, panel, a, token, 1,
                         x.prefetches_for_one ? kPrefetchBytes : 0);
    } else if (x.tile_width == 4) {
      if (n <= 2) {
        Tile<Format, 2, 4>(x, panel_data, panel, a, token, n, prefetch);
      } else {
        Tile<Format, 4, 4>(x, panel_data, panel, a, token, n, prefetch);
      }
    } else if (n > 6) {
      Tile<Format, 8, 8>(x, panel_data, panel, a, token, n, prefetch);
    } else if (n > 4) {
      Tile<Format, 6, 8>(x, panel_data, panel, a, token, n, prefetch);
    } else if (n > 2) {
      Tile<Format, 4, 8>(x, panel_data, panel, a, token, n, prefetch);
    } else {
      Tile<Format, 2, 8>(x, panel_data, panel, a, token, n, prefetch);
    }
    a += x.tile_bytes;
    prefetch = 0;
  }
}

template <class Format>
void Multiply(const TileArguments& arguments) {
  const uint8_t* data = arguments.panels;
  for (int64_t panel = 0; panel < arguments.num_panels; ++panel) {
    PanelTimesTiles<Format>(arguments, data, panel);
    data += arguments.panel_bytes;
  }
}

template <class Kind>
void FillIntegers(TileFunction* functions) {
  functions[0] = Multiply<Integers<GroupQ4, Kind>>;
  functions[1] = Multiply<Integers<GroupQ4Min, Kind>>;
  functions[2] = Multiply<Integers<GroupQ4Super, Kind>>;
  functions[3] = Multiply<Integers<GroupQ6Super, Kind>>;
  functions[4] = Multiply<Integers<GroupQ8, Kind>>;
  functions[5] = Multiply<Integers<GroupQ8Min, Kind>>;
  functions[6] = Multiply<Integers<GroupQ8Super, Kind>>;
}

}  // namespace

TileFunctions Avx512TileFunctions() {
  TileFunctions functions = {.bf16 = Multiply<WeightsBF16>,
                             .f16 = Multiply<WeightsF16>,
                             .f32 = Multiply<WeightsF32>};
  FillIntegers<Int8>(functions.int8);
  FillIntegers<Int12>(functions.int12);
  return functions;
}

}  // namespace tessera::kernels
