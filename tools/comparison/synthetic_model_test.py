#!/usr/bin/env python3
"""The random model is a well-formed GGUF, the same every time."""

import hashlib
import os
import struct
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import synthetic_model  # noqa: E402

SMALL = {"HIDDEN": 64, "FEED_FORWARD": 96, "LAYERS": 2, "HEADS": 2, "KV_HEADS": 1,
         "HEAD_DIM": 32, "VOCABULARY": 100, "_TABLE": 1 << 10}


class SyntheticModelTest(unittest.TestCase):
    def setUp(self):
        patch = mock.patch.multiple(synthetic_model, **SMALL)
        patch.start()
        self.addCleanup(patch.stop)

    def data(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "m.gguf")
            synthetic_model.write(path)
            with open(path, "rb") as file:
                return file.read()

    def test_holds_every_tensor_at_its_offset(self):
        data = self.data()
        self.assertEqual(b"GGUF", data[:4])
        version, num_tensors, num_fields = struct.unpack_from("<IQQ", data, 4)
        self.assertEqual((3, 20, 14), (version, num_tensors, num_fields))
        sizes = [-(-synthetic_model._num_bytes(shape) // 32) * 32
                 for _, shape in synthetic_model.tensors()]
        header = len(data) - sum(sizes)
        self.assertEqual(0, header % 32)
        # The last description ends with the tensor's type and its offset.
        self.assertIn(struct.pack("<IQ", 0, sum(sizes[:-1])),
                      data[header - 48:header])
        # The last tensor is the output norm: ones.
        self.assertEqual([1.0] * 64, list(struct.unpack("<64f", data[-256:])))

    def test_weights_are_finite_and_vary(self):
        data = self.data()
        begin = len(data) - 256 - 2 * 64 * 96
        values = struct.unpack(f"<{64 * 96}e", data[begin:-256])
        self.assertLess(max(map(abs, values)), 1)
        self.assertGreater(len(set(values)), 500)

    def test_is_the_same_every_time(self):
        self.assertEqual(hashlib.sha256(self.data()).digest(),
                         hashlib.sha256(self.data()).digest())


class ShapeTest(unittest.TestCase):
    def test_rows_are_of_blocks_of_256(self):
        for _, shape in synthetic_model.tensors():
            self.assertEqual(0, shape[0] % 256)


if __name__ == "__main__":
    unittest.main()
