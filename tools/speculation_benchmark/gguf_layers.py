"""Models made of another's layers, as GGUF: with layers that add nothing, or with
few layers and a vocabulary turned round."""

import math
import os
import struct
from dataclasses import dataclass

from command import CommandFailed

_MAGIC, _VERSION = b"GGUF", 3
_DEFAULT_ALIGNMENT = 32
_UINT32, _STRING, _ARRAY = 4, 8, 9
# GGUF's value types of fixed size.
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
# Of its tensor types: numbers in a block, and the block's bytes. F32, F16, Q4_0,
# Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K, I8, BF16.
_BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24),
           8: (32, 34), 12: (256, 144), 13: (256, 176), 14: (256, 210), 24: (1, 1),
           30: (1, 2)}
# What a layer adds to the residual stream, it adds through these.
_OUTPUTS = ("attn_output.weight", "attn_output.bias", "ffn_down.weight",
            "ffn_down.bias")
_EMBEDDINGS = ("token_embd.weight", "output.weight")


@dataclass
class Tensor:
    name: str
    dimensions: tuple  # columns first
    kind: int
    data: memoryview

    @property
    def layer(self):
        """None: it is of no layer."""
        parts = self.name.split(".")
        return int(parts[1]) if parts[0] == "blk" else None

    def of_layer(self, layer, is_silent=False):
        """The same of another layer; silent: all zeros, which every type writes
        as bytes of zero."""
        head, _, rest = self.name.split(".", 2)
        data = bytes(len(self.data)) if is_silent and rest in _OUTPUTS else self.data
        return Tensor(f"{head}.{layer}.{rest}", self.dimensions, self.kind, data)

    def upside_down(self):
        """The same rows, the last first."""
        rows = self.dimensions[1]
        size = len(self.data) // rows
        data = b"".join(self.data[row * size:(row + 1) * size]
                        for row in reversed(range(rows)))
        return Tensor(self.name, self.dimensions, self.kind, data)


class _Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values[0] if len(values) == 1 else values

    def string(self):
        size = self.take("Q")
        if size > len(self.data) - self.at:
            raise struct.error("a string ends after the file")
        self.at += size
        return bytes(self.data[self.at - size:self.at]).decode()

    def skip_value(self, kind):
        if kind == _STRING:
            self.string()
        elif kind == _ARRAY:
            inner, count = self.take("IQ")
            if inner in _SIZES:
                self.at += count * _SIZES[inner]
            else:
                for _ in range(count):
                    self.skip_value(inner)
        elif kind in _SIZES:
            self.at += _SIZES[kind]
        else:
            raise struct.error(f"a value of type {kind}")


class Gguf:
    """A file, read whole."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self._data = memoryview(file.read())
        try:
            self._parse()
        except (struct.error, UnicodeDecodeError, ValueError) as error:
            raise CommandFailed(f"{path}: no GGUF file that can be read: "
                                f"{error}") from error

    def _parse(self):
        cursor = _Cursor(self._data)
        if bytes(self._data[:4]) != _MAGIC:
            raise ValueError("it does not begin with GGUF")
        cursor.at = 4
        version, num_tensors, self._num_fields = cursor.take("IQQ")
        if version != _VERSION:
            raise ValueError(f"version {version}")
        self._parse_metadata(cursor)
        infos = [self._parse_info(cursor) for _ in range(num_tensors)]
        begin = _aligned(cursor.at, self._alignment)
        self.tensors = [self._tensor(begin, *info) for info in infos]

    def _tensor(self, begin, name, dimensions, kind, offset):
        if kind not in _BLOCKS:
            raise ValueError(f"{name} is of type {kind}")
        numbers, size = _BLOCKS[kind]
        start = begin + offset
        end = start + math.prod(dimensions) // numbers * size
        if end > len(self._data):
            raise ValueError(f"{name} ends after the file")
        return Tensor(name, dimensions, kind, self._data[start:end])

    def _parse_metadata(self, cursor):
        begin = cursor.at
        self._alignment, self._count_at = _DEFAULT_ALIGNMENT, None
        for _ in range(self._num_fields):
            key, kind = cursor.string(), cursor.take("I")
            if kind == _UINT32 and key == "general.alignment":
                self._alignment = struct.unpack_from("<I", self._data, cursor.at)[0]
            if kind == _UINT32 and key.endswith(".block_count"):
                self._count_at = cursor.at - begin
                self.num_layers = struct.unpack_from("<I", self._data, cursor.at)[0]
            cursor.skip_value(kind)
        self._metadata = bytes(self._data[begin:cursor.at])
        if self._count_at is None or not self._alignment:
            raise ValueError("it has no count of its layers")

    @staticmethod
    def _parse_info(cursor):
        name = cursor.string()
        num_dimensions = cursor.take("I")
        dimensions = tuple(cursor.take("Q") for _ in range(num_dimensions))
        return (name, dimensions, *cursor.take("IQ"))

    def layer(self, index):
        return [tensor for tensor in self.tensors if tensor.layer == index]

    def others(self):
        return [tensor for tensor in self.tensors if tensor.layer is None]

    def write(self, path, num_layers, tensors):
        """This file's metadata with these tensors."""
        metadata = bytearray(self._metadata)
        struct.pack_into("<I", metadata, self._count_at, num_layers)
        infos, offset = [], 0
        for tensor in tensors:
            name = tensor.name.encode()
            infos.append(struct.pack("<Q", len(name)) + name + struct.pack(
                f"<I{len(tensor.dimensions)}QIQ", len(tensor.dimensions),
                *tensor.dimensions, tensor.kind, offset))
            offset += _aligned(len(tensor.data), self._alignment)
        header = b"".join([_MAGIC, struct.pack("<IQQ", _VERSION, len(tensors),
                                               self._num_fields), metadata, *infos])
        with open(path + ".part", "wb") as file:
            _write_aligned(file, header, self._alignment)
            for tensor in tensors:
                _write_aligned(file, tensor.data, self._alignment)
        os.replace(path + ".part", path)


def _aligned(size, alignment):
    return -(-size // alignment) * alignment


def _write_aligned(file, data, alignment):
    file.write(data)
    file.write(b"\0" * (_aligned(len(data), alignment) - len(data)))


def write_padded(source, target, num_added):
    """`source` and that many layers more, each a copy of one of its own whose
    outputs are zero: it costs what a layer costs, and adds nothing, so that all
    logits keep their bits."""
    model = Gguf(source)
    added = [tensor.of_layer(model.num_layers + index, is_silent=True)
             for index in range(num_added)
             for tensor in model.layer(index % model.num_layers)]
    model.write(target, model.num_layers + num_added, [*model.tensors, *added])


def write_useless(source, target, num_layers):
    """The first layers of `source` below its vocabulary turned round: the same
    tokens by name, of which it draws nearly none that `source` does."""
    model = Gguf(source)
    embeddings = [tensor.upside_down() if tensor.name in _EMBEDDINGS else tensor
                  for tensor in model.others()]
    layers = [tensor for index in range(num_layers) for tensor in model.layer(index)]
    model.write(target, num_layers, [*embeddings, *layers])
