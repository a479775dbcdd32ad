// Matrix products on AVX2: the panels of AVX-512, half a panel (8 rows) at a
// time.
//
// vpmaddubsw multiplies unsigned by signed bytes and adds pairs with saturation
// at 16 bits, so a format adds only as many of them as cannot saturate before
// it widens to 32: 8 nibble products (8 * 2 * 15 * 127 = 30,480), 4 of five
// bits, 2 of six, and 1 of signed bytes, |w| * sign(x, w) (2 * 128 * 127 =
// 32,512). The integers are exact, hence the same bits as on AVX-512.
#include <immintrin.h>

#include <cstdint>

#include "libs/kernels/matmul/avx2_panels.h"
#include "libs/kernels/matmul/tile.h"
#include "libs/kernels/matmul/tile_functions.h"

namespace tessera::kernels {
namespace {

// dot[t] += registers [kFirst, kEnd) of the block . the integers of T tokens
// from `x` on, which are kStride bytes apart.
template <class Group, int T, int kStride, int kFirst, int kEnd>
inline void AddProducts(const uint8_t* block, const uint8_t* x, __m256i* dot) {
  const __m256i ones = _mm256_set1_epi16(1);
  constexpr int kRun =
      Group::kRun < kEnd - kFirst ? Group::kRun : kEnd - kFirst;
  for (int first = kFirst; first < kEnd; first += kRun) {
    __m256i sum[T];
    for (int j = first; j < first + kRun; ++j) {
      const __m256i w = Group::Weights(block, j);
      for (int t = 0; t < T; ++t) {
        const __m256i product =
            Group::Multiply(w, BroadcastInt(x + kStride * t + 4 * j));
        sum[t] = j == first ? product : _mm256_add_epi16(sum[t], product);
      }
    }
    for (int t = 0; t < T; ++t) {
      dot[t] = _mm256_add_epi32(dot[t], _mm256_madd_epi16(sum[t], ones));
    }
  }
}

// -kOffset * the sum of a token's integers: of a half, or (int12, but for Q6)
// of the block.
template <class Layout, int W, int kOffset>
inline __m256i Correction(const uint8_t* a, int t, int half) {
  constexpr Layout kLayout{W};
  if constexpr (kOffset == 0) return _mm256_setzero_si256();
  const int at = kOffset == 8 ? kLayout.sum8(t) : kLayout.sum32(t);
  return BroadcastInt(a + at + 4 * half);
}

// acc[t] += dot[t] * (d * scale of token t), of one half
template <int T>
inline void AddScaled(__m256 d, const __m256i* dot, const uint8_t* scales,
                      __m256* acc) {
  for (int t = 0; t < T; ++t) {
    const __m256 scale = _mm256_mul_ps(d, BroadcastFloat(scales + 8 * t));
    acc[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot[t]), scale, acc[t]);
  }
}

// acc[t] += m * the scaled sum of token t
template <int T>
inline void AddMin(__m256 m, const uint8_t* scaled_sums, __m256* acc) {
  for (int t = 0; t < T; ++t) {
    acc[t] = _mm256_fmadd_ps(m, BroadcastFloat(scaled_sums + 4 * t), acc[t]);
  }
}

// The int8 kind: acc[t] += block . activations of token kToken + t
struct Int8 {
  static constexpr bool kRowScale = false;
  template <int W>
  static constexpr Int8BlockLayout Layout() {
    return {W};
  }

  template <class Group, int T, int W, int kToken>
  static void AddBlock(const Group& group, int i, const uint8_t* block,
                       const uint8_t* a, __m256* acc) {
    constexpr Int8BlockLayout kLayout{W};
    __m256 both[T];
    AddHalf<Group, T, W, kToken, 0>(group, i, block, a, both, acc);
    AddHalf<Group, T, W, kToken, 1>(group, i, block, a, both, acc);
    if constexpr (!Group::kHalves) {
      const __m256 d = group.Scale(i);
      for (int t = 0; t < T; ++t) acc[t] = _mm256_fmadd_ps(both[t], d, acc[t]);
    }
    if constexpr (Group::kMin) {
      AddMin<T>(group.Min(i), a + kLayout.scaled_sum(kToken), acc);
    }
  }

 private:
  // Into `acc` where each half has a scale of its own, else into `both`.
  template <class Group, int T, int W, int kToken, int kHalf>
  static void AddHalf(const Group& group, int i, const uint8_t* block,
                      const uint8_t* a, __m256* both, __m256* acc) {
    constexpr Int8BlockLayout kLayout{W};
    __m256i dot[T];
    for (int t = 0; t < T; ++t) {
      dot[t] =
          Correction<Int8BlockLayout, W, Group::kOffset>(a, kToken + t, kHalf);
    }
    AddProducts<Group, T, 32, 4 * kHalf, 4 * kHalf + 4>(
        block, a + kLayout.q(kToken), dot);
    const uint8_t* scales = a + kLayout.scale(kToken) + 4 * kHalf;
    if constexpr (Group::kHalves) {
      AddScaled<T>(group.HalfScale(i, kHalf), dot, scales, acc);
    } else {
      for (int t = 0; t < T; ++t) {
        const __m256 scale = BroadcastFloat(scales + 8 * t);
        const __m256 value = _mm256_cvtepi32_ps(dot[t]);
        both[t] = kHalf == 0 ? _mm256_mul_ps(value, scale)
                             : _mm256_fmadd_ps(value, scale, both[t]);
      }
    }
  }
};

// The int12 kind: both planes are added up in one register, shifted in between.
// The row's scale is left to the end.
struct Int12 {
  static constexpr bool kRowScale = true;
  template <int W>
  static constexpr Int12BlockLayout Layout() {
    return {W};
  }

  template <class Group, int T, int W, int kToken>
  static void AddBlock(const Group& group, int i, const uint8_t* block,
                       const uint8_t* a, __m256* acc) {
    constexpr Int12BlockLayout kLayout{W};
    __m256i dot[T];
    if constexpr (Group::kHalves) {
      Dots<Group, T, W, kToken, 0, 4>(block, a, dot);
      Add<T>(group.HalfScale(i, 0), dot, acc);
      Dots<Group, T, W, kToken, 4, 8>(block, a, dot);
      Add<T>(group.HalfScale(i, 1), dot, acc);
    } else {
      Dots<Group, T, W, kToken, 0, 8>(block, a, dot);
      Add<T>(group.Scale(i), dot, acc);
    }
    if constexpr (Group::kMin) {
      AddMin<T>(group.Min(i), a + kLayout.scaled_sum(kToken), acc);
    }
  }

 private:
  template <int T>
  static void Add(__m256 d, const __m256i* dot, __m256* acc) {
    for (int t = 0; t < T; ++t) {
      acc[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot[t]), d, acc[t]);
    }
  }

  template <class Group, int T, int W, int kToken, int kFirst, int kEnd>
  static void Dots(const uint8_t* block, const uint8_t* a, __m256i* dot) {
    constexpr Int12BlockLayout kLayout{W};
    for (int t = 0; t < T; ++t) dot[t] = _mm256_setzero_si256();
    AddProducts<Group, T, 64, kFirst, kEnd>(block, a + kLayout.high(kToken),
                                            dot);
    for (int t = 0; t < T; ++t) {
      dot[t] = _mm256_add_epi32(_mm256_slli_epi32(dot[t], kPlaneBits),
                                Correction<Int12BlockLayout, W, Group::kOffset>(
                                    a, kToken + t, kFirst / 4));
    }
    AddProducts<Group, T, 64, kFirst, kEnd>(block, a + kLayout.low(kToken),
                                            dot);
  }
};

template <class Kind, class Group, int T, int W, int kToken>
inline void SumPanel(const uint8_t* panel, int half, int64_t num_groups,
                     const uint8_t* a, __m256* acc) {
  for (int64_t g = 0; g < num_groups; ++g) {
    const Group group(panel, half);
    panel += Group::kHeader;
    for (int i = 0; i < Group::kBlocks; ++i) {
      Kind::template AddBlock<Group, T, W, kToken>(group, i, panel + 32 * half,
                                                   a, acc);
      panel += Group::kBlock;
      a += Kind::template Layout<W>().bytes();
    }
  }
}

struct WeightsBF16 {
  static constexpr int kBlock = 1024;
  static constexpr int kActivationBytes = kBFloat16BlockBytes;
  template <int T, int W, int kToken>
  static void Add(const uint8_t* block, int half, const uint8_t* a,
                  __m256* acc) {
    const __m256i high = _mm256_set1_epi32(static_cast<int>(0xffff0000));
    for (int i = 0; i < 16; ++i) {
      const __m256i pair = Load(block + 64 * i + 32 * half);
      const __m256 even = _mm256_castsi256_ps(_mm256_slli_epi32(pair, 16));
      const __m256 odd = _mm256_castsi256_ps(_mm256_and_si256(pair, high));
      for (int t = 0; t < T; ++t) {
        const __m256i x = BroadcastInt(a + (i * W + kToken + t) * 4);
        acc[t] = _mm256_fmadd_ps(
            even, _mm256_castsi256_ps(_mm256_slli_epi32(x, 16)), acc[t]);
        acc[t] = _mm256_fmadd_ps(
            odd, _mm256_castsi256_ps(_mm256_and_si256(x, high)), acc[t]);
      }
    }
  }
};

struct WeightsF16 {
  static constexpr int kBlock = 1024;
  static constexpr int kActivationBytes = kFloatBlockBytes;
  template <int T, int W, int kToken>
  static void Add(const uint8_t* block, int half, const uint8_t* a,
                  __m256* acc) {
    for (int i = 0; i < 32; ++i) {
      const __m256 w = LoadHalf(block + 32 * i + 16 * half);
      for (int t = 0; t < T; ++t) {
        acc[t] = _mm256_fmadd_ps(
            w, BroadcastFloat(a + (i * W + kToken + t) * 4), acc[t]);
      }
    }
  }
};

struct WeightsF32 {
  static constexpr int kBlock = 2048;
  static constexpr int kActivationBytes = kFloatBlockBytes;
  template <int T, int W, int kToken>
  static void Add(const uint8_t* block, int half, const uint8_t* a,
                  __m256* acc) {
    for (int i = 0; i < 32; ++i) {
      const __m256 w = _mm256_load_ps(
          reinterpret_cast<const float*>(block + 64 * i + 32 * half));
      for (int t = 0; t < T; ++t) {
        acc[t] = _mm256_fmadd_ps(
            w, BroadcastFloat(a + (i * W + kToken + t) * 4), acc[t]);
      }
    }
  }
};

template <class Weights, int T, int W, int kToken>
inline void SumFloatPanel(const uint8_t* panel, int half, int64_t num_groups,
                          const uint8_t* a, __m256* acc) {
  for (int64_t g = 0; g < num_groups; ++g) {
    Weights::template Add<T, W, kToken>(panel, half, a, acc);
    panel += Weights::kBlock;
    a += Weights::kActivationBytes * W;
  }
}

inline void Store(const TileArguments& x, int64_t row, int64_t token,
                  __m256 value) {
  const int64_t left = x.num_rows - row;
  if (left <= 0) return;
  if (left >= 8) {  // a masked store takes some 20 times as long on Zen
    if (x.bias != nullptr) {
      value = _mm256_add_ps(value, _mm256_loadu_ps(x.bias + row));
    }
    float* whole = x.output + token * x.output_stride + row;
    if (x.accumulate) value = _mm256_add_ps(_mm256_loadu_ps(whole), value);
    _mm256_storeu_ps(whole, value);
    return;
  }
  const __m256i lanes =
      _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(left)),
                         _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  if (x.bias != nullptr) {
    value = _mm256_add_ps(value, _mm256_maskload_ps(x.bias + row, lanes));
  }
  float* output = x.output + token * x.output_stride + row;
  if (x.accumulate) {
    value = _mm256_add_ps(_mm256_maskload_ps(output, lanes), value);
  }
  _mm256_maskstore_ps(output, lanes, value);
}

// An integer format with a kind of activations.
template <class GroupType, class KindType>
struct Integers {
  using Group = GroupType;
  using Kind = KindType;
};

// Tokens kToken..kToken+T-1 of a tile, both halves of a panel.
template <class Format, int T, int W, int kToken>
inline void Tile(const TileArguments& x, const uint8_t* panel_data,
                 int64_t panel, const uint8_t* a, int64_t token,
                 int64_t num_tokens) {
  for (int half = 0; half < 2; ++half) {
    __m256 acc[T];
    for (int t = 0; t < T; ++t) acc[t] = _mm256_setzero_ps();
    if constexpr (requires { typename Format::Group; }) {
      SumPanel<typename Format::Kind, typename Format::Group, T, W, kToken>(
          panel_data, half, x.num_groups, a, acc);
      if constexpr (Format::Kind::kRowScale) {
        constexpr Int12BlockLayout kLayout{W};
        for (int t = 0; t < T; ++t) {
          acc[t] = _mm256_mul_ps(acc[t],
                                 BroadcastFloat(a + kLayout.scale(kToken + t)));
        }
      }
    } else {
      SumFloatPanel<Format, T, W, kToken>(panel_data, half, x.num_groups, a,
                                          acc);
    }
    for (int t = 0; t < T; ++t) {
      if (kToken + t < num_tokens) {
        Store(x, 16 * panel + 8 * half, token + kToken + t, acc[t]);
      }
    }
  }
}

// 16 registers hold 4 tokens' sums in 16 bits, in 32 bits and in float.
template <class Format>
inline void PanelTimesTiles(const TileArguments& x, const uint8_t* data,
                            int64_t panel) {
  const uint8_t* a = x.activations;
  for (int64_t token = 0; token < x.num_tokens; token += x.tile_width) {
    const int64_t n = x.num_tokens - token;
    if (x.tile_width == 1) {
      Tile<Format, 1, 1, 0>(x, data, panel, a, token, n);
    } else if (x.tile_width == 4) {
      Tile<Format, 4, 4, 0>(x, data, panel, a, token, n);
    } else {
      Tile<Format, 4, 8, 0>(x, data, panel, a, token, n);
      if (n > 4) Tile<Format, 4, 8, 4>(x, data, panel, a, token, n);
    }
    a += x.tile_bytes;
  }
}

template <class Format>
void Multiply(const TileArguments& x) {
  const uint8_t* data = x.panels;
  for (int64_t panel = 0; panel < x.num_panels; ++panel) {
    PanelTimesTiles<Format>(x, data, panel);
    data += x.panel_bytes;
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

TileFunctions Avx2TileFunctions() {
  TileFunctions functions = {.bf16 = Multiply<WeightsBF16>,
                             .f16 = Multiply<WeightsF16>,
                             .f32 = Multiply<WeightsF32>};
  FillIntegers<Int8>(functions.int8);
  FillIntegers<Int12>(functions.int12);
  return functions;
}

}  // namespace tessera::kernels
