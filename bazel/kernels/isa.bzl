"""Compiler flags of the sources written for one instruction set.

Such a source (`*_avx2.cc`, `*_avx512.cc`, `*_amx.cc`) includes no template or
inline function of another header but intrinsics and <cstdint>-like ones, and
keeps its own in an anonymous namespace: the linker may take any copy of a shared
inline function, and one compiled for AVX-512 would crash where there is none.
tools/layers checks the includes.
"""

AVX2_COPTS = [
    "-O3",
    "-mavx2",
    "-mfma",
    "-mf16c",
    # GCC 12 warns of its own AVX-512 intrinsics (its bug 105593); Clang does
    # not know that warning.
    "-Wno-maybe-uninitialized",
    "-Wno-unknown-warning-option",
]

# What Zen 4 and Sapphire Rapids have: foundation, byte and word, vector length,
# VNNI (vpdpbusd), BF16 (vdpbf16ps), VBMI, prefetchw.
AVX512_COPTS = AVX2_COPTS + [
    "-mprfchw",
    "-mavx512f",
    "-mavx512bw",
    "-mavx512dq",
    "-mavx512vl",
    "-mavx512vnni",
    "-mavx512bf16",
    "-mavx512vbmi",
    "-mprefer-vector-width=512",
    "-Wno-uninitialized",  # the same bug, inlined deeper
]

# Tiles of 16 x 64 bytes and their bf16 and int8 products, beside AVX-512.
AMX_COPTS = AVX512_COPTS + [
    "-mamx-tile",
    "-mamx-bf16",
    "-mamx-int8",
]
