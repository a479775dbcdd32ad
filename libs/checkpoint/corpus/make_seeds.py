"""Writes this folder's seeds: pip install numpy gguf safetensors && python make_seeds.py"""

import json
import os

import gguf
import numpy as np
from safetensors.numpy import save_file

HERE = os.path.dirname(os.path.abspath(__file__))


def write_gguf(path):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_uint32("a.uint32", 7)
    writer.add_float64("a.float64", 0.5)
    writer.add_int8("a.int8", -3)
    writer.add_bool("a.bool", True)
    writer.add_string("a.string", "text")
    writer.add_array("a.strings", ["x", "yz", ""])
    writer.add_array("a.ints", [1, -2, 3])
    writer.add_custom_alignment(64)
    writer.add_tensor("f", np.arange(6, dtype=np.float32).reshape(2, 3))
    writer.add_tensor("q", np.arange(2 * 34, dtype=np.uint8).reshape(2, 34),
                      raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    write_gguf(os.path.join(HERE, "small.gguf"))
    save_file({"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros(0, dtype=np.float16)},
              os.path.join(HERE, "small.safetensors"), metadata={"format": "pt"})
    with open(os.path.join(HERE, "index.json"), "w") as file:
        json.dump({"metadata": {"total_size": 24}, "weight_map": {"a": "small.safetensors"}}, file)


if __name__ == "__main__":
    main()
