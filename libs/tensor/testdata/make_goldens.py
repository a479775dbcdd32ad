"""Writes goldens.txt from the Python package gguf, an independent reader of GGML's blocks.

    pip install numpy gguf && python make_goldens.py > goldens.txt

Each line: "dequantize" or "quantize", a type, the input and the output as hex (little endian).
"""

import numpy as np
from gguf import GGMLQuantizationType as T
from gguf.quants import dequantize, quantize

BLOCKS = {  # elements, bytes, offsets of half-precision scales
    "F16": (8, 16, []),
    "BF16": (8, 16, []),
    "Q4_0": (32, 18, [0]),
    "Q4_1": (32, 20, [0, 2]),
    "Q5_0": (32, 22, [0]),
    "Q5_1": (32, 24, [0, 2]),
    "Q8_0": (32, 34, [0]),
    "Q4_K": (256, 144, [0, 2]),
    "Q5_K": (256, 176, [0, 2]),
    "Q6_K": (256, 210, [208]),
}
WRITABLE = ["F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]


def main():
    rng = np.random.default_rng(1)
    for name, (_, size, scales) in BLOCKS.items():
        for scale in (1e-6, 0.03):  # a subnormal half, a usual one
            block = rng.integers(0, 256, size, dtype=np.uint8)
            for at in scales:
                half = np.float16(rng.uniform(-scale, scale))
                block[at : at + 2] = np.frombuffer(half.tobytes(), dtype=np.uint8)
            if name in ("F16", "BF16"):  # finite: no exponent of all ones
                block[1::2] &= 0xBB
            values = dequantize(block.reshape(1, -1), T[name]).astype("<f4")
            print("dequantize", name, block.tobytes().hex(), values.tobytes().hex())
    for name in WRITABLE:
        elements = BLOCKS[name][0]
        for row in (
            rng.normal(0, 0.02, elements),
            rng.uniform(0.5, 0.6, elements),
            np.full(elements, -0.25),
            np.zeros(elements),
        ):
            row = row.astype("<f4").reshape(1, -1)
            print("quantize", name, row.tobytes().hex(), quantize(row, T[name]).tobytes().hex())


if __name__ == "__main__":
    main()
