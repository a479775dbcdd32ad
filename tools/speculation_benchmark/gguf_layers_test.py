#!/usr/bin/env python3
"""Models made of another's layers."""

import os
import struct
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "comparison")]
import gguf_layers  # noqa: E402
from command import CommandFailed  # noqa: E402
from gguf_layers import Gguf  # noqa: E402

ALIGNMENT = 64


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def field(key, kind, data):
    return text(key) + struct.pack("<I", kind) + data


def model():
    """Two layers of three tensors, and an embedding of four rows."""
    fields = [
        field("general.architecture", 8, text("llama")),
        field("general.alignment", 4, struct.pack("<I", ALIGNMENT)),
        field("tokens", 9, struct.pack("<IQ", 8, 2) + text("a") + text("bc")),
        field("types", 9, struct.pack("<IQ3i", 5, 3, 1, 2, 3)),
        field("llama.block_count", 4, struct.pack("<I", 2)),
        field("flag", 7, b"\1")]
    tensors = [("token_embd.weight", (3, 4), bytes(range(1, 13)))]
    for layer in range(2):
        for number, name in enumerate(("attn_q", "attn_output", "ffn_down")):
            tensors.append((f"blk.{layer}.{name}.weight", (5, 2),
                            bytes([100 + 10 * layer + number] * 10)))
    infos, data = b"", b""
    for name, dimensions, values in tensors:
        infos += text(name) + struct.pack("<IQQIQ", 2, *dimensions, 24, len(data))
        data += values.ljust(ALIGNMENT, b"\0")
    header = (b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(fields)) +
              b"".join(fields) + infos)
    size = -(-len(header) // ALIGNMENT) * ALIGNMENT
    return header.ljust(size, b"\0") + data


class GgufLayersTest(unittest.TestCase):
    def setUp(self):
        # pylint: disable=consider-using-with
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.source = os.path.join(self.folder.name, "source")
        self.target = os.path.join(self.folder.name, "target")
        with open(self.source, "wb") as file:
            file.write(model())

    def tensors(self, path):
        return {tensor.name: bytes(tensor.data) for tensor in Gguf(path).tensors}

    def test_no_layer_more_is_the_same_file(self):
        gguf_layers.write_padded(self.source, self.target, 0)
        with open(self.target, "rb") as file:
            self.assertEqual(model(), file.read())

    def test_added_layers_are_copies_whose_outputs_are_zero(self):
        gguf_layers.write_padded(self.source, self.target, 3)
        padded, source = Gguf(self.target), self.tensors(self.source)
        self.assertEqual(5, padded.num_layers)
        written = self.tensors(self.target)
        self.assertEqual(7 + 9, len(written))
        for name, data in source.items():
            self.assertEqual(data, written[name])
        for layer in range(2, 5):
            self.assertEqual(source[f"blk.{layer % 2}.attn_q.weight"],
                             written[f"blk.{layer}.attn_q.weight"])
            for name in ("attn_output", "ffn_down"):
                self.assertEqual(bytes(10), written[f"blk.{layer}.{name}.weight"])

    def test_the_useless_have_few_layers_and_a_vocabulary_turned_round(self):
        gguf_layers.write_useless(self.source, self.target, 1)
        self.assertEqual(1, Gguf(self.target).num_layers)
        written = self.tensors(self.target)
        self.assertEqual(4, len(written))
        self.assertEqual([10, 11, 12, 7, 8, 9, 4, 5, 6, 1, 2, 3],
                         list(written["token_embd.weight"]))
        self.assertEqual(self.tensors(self.source)["blk.0.attn_q.weight"],
                         written["blk.0.attn_q.weight"])

    def test_what_is_no_model_is_refused(self):
        for data in (b"", b"GGUF", b"GGML" + model()[4:], model()[:90], model()[:-80],
                     model().replace(b"block_count", b"block_cound")):
            with open(self.source, "wb") as file:
                file.write(data)
            with self.assertRaisesRegex(CommandFailed, "no GGUF file"):
                Gguf(self.source)


if __name__ == "__main__":
    unittest.main()
