#!/usr/bin/env python3
"""model_shape.py: what a pass reads and computes, from `tessera inspect`."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import model_shape  # noqa: E402
from command import CommandFailed  # noqa: E402


def inspection(*more_tensors, **more_fields):
    fields = {"general.architecture": "llama", "llama.block_count": 30,
              "llama.embedding_length": 576, "llama.attention.head_count": 9,
              "llama.attention.head_count_kv": 3, **more_fields}
    tensors = [("token_embd.weight", "Q8_0", [576, 100], 61200),
               ("blk.0.attn_q.weight", "Q4_1", [576, 576], 207360),
               ("blk.0.attn_norm.weight", "F32", [576], 2304), *more_tensors]
    return {"metadata": [{"key": key, "type": "", "value": value}
                         for key, value in fields.items()],
            "tensors": [dict(zip(("name", "type", "shape", "bytes"), tensor))
                        for tensor in tensors]}


class ModelShapeTest(unittest.TestCase):
    def test_a_tied_embedding_is_read_for_the_logits(self):
        shape = model_shape.read(inspection())
        self.assertEqual("Q4_1", shape.type_name)
        self.assertEqual(61200 + 207360 + 2304, shape.pass_bytes)
        self.assertEqual(2 * 576 * 576 * 10, shape.prompt_operations(10))

    def test_the_last_layer_goes_on_with_the_last_token(self):
        shape = model_shape.read(inspection(
            ("blk.29.attn_q.weight", "Q4_1", [576, 576], 207360),
            ("blk.29.ffn_up.weight", "Q4_1", [576, 1536], 552960)))
        self.assertEqual(2 * (2 * 576 * 576 * 10 + 576 * 1536),
                         shape.prompt_operations(10))

    def test_of_an_untied_embedding_a_row_is_read(self):
        shape = model_shape.read(inspection(
            ("output.weight", "Q8_0", [576, 100], 61200)))
        self.assertEqual(61200 + 207360 + 2304, shape.pass_bytes)

    def test_the_cache_is_keys_and_values_of_two_bytes(self):
        shape = model_shape.read(inspection())
        self.assertEqual(2 * 30 * 3 * 64 * 2, shape.kv_token_bytes)
        self.assertEqual(shape.pass_bytes + 4096 * 23040,
                         shape.decode_bytes(4096))
        wide = model_shape.read(inspection(**{"llama.attention.key_length": 128}))
        self.assertEqual(2 * shape.kv_token_bytes, wide.kv_token_bytes)

    def test_a_missing_field_is_named(self):
        bare = dict(inspection(), metadata=[])
        with self.assertRaisesRegex(CommandFailed, "general.architecture"):
            model_shape.read(bare)


if __name__ == "__main__":
    unittest.main()
