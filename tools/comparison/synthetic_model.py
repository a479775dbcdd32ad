"""A decoder of random weights as GGUF, for timing types that the default model's
shape cannot have: Q4_K and Q6_K take rows of 256 numbers, and its hidden size
is 576."""

import random
import struct

HIDDEN, FEED_FORWARD, LAYERS, HEADS, KV_HEADS, HEAD_DIM = 768, 2048, 16, 12, 4, 64
VOCABULARY, CONTEXT = 32768, 8192

_U32, _F32, _STRING = 4, 6, 8       # GGUF's value types
_TENSOR_F32, _TENSOR_F16 = 0, 1     # and tensor types
_ALIGNMENT = 32
_TABLE = 1 << 16                    # random numbers, used over and over


def _string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _field(key, kind, value):
    data = (_string(value) if kind == _STRING
            else struct.pack("<f" if kind == _F32 else "<I", value))
    return _string(key) + struct.pack("<I", kind) + data


def _metadata():
    return [
        _field("general.architecture", _STRING, "llama"),
        _field("general.name", _STRING, "random weights"),
        _field("general.file_type", _U32, 1),
        _field("llama.block_count", _U32, LAYERS),
        _field("llama.context_length", _U32, CONTEXT),
        _field("llama.embedding_length", _U32, HIDDEN),
        _field("llama.feed_forward_length", _U32, FEED_FORWARD),
        _field("llama.attention.head_count", _U32, HEADS),
        _field("llama.attention.head_count_kv", _U32, KV_HEADS),
        _field("llama.attention.layer_norm_rms_epsilon", _F32, 1e-5),
        _field("llama.rope.dimension_count", _U32, HEAD_DIM),
        _field("llama.rope.freq_base", _F32, 10000.0),
        _field("llama.vocab_size", _U32, VOCABULARY),
        _field("tokenizer.ggml.model", _STRING, "no_vocab"),
    ]


def tensors():
    """(name, dimensions with columns first) of every tensor."""
    yield "token_embd.weight", (HIDDEN, VOCABULARY)
    for layer in range(LAYERS):
        for name, shape in (
                ("attn_norm", (HIDDEN,)),
                ("attn_q", (HIDDEN, HEADS * HEAD_DIM)),
                ("attn_k", (HIDDEN, KV_HEADS * HEAD_DIM)),
                ("attn_v", (HIDDEN, KV_HEADS * HEAD_DIM)),
                ("attn_output", (HEADS * HEAD_DIM, HIDDEN)),
                ("ffn_norm", (HIDDEN,)),
                ("ffn_gate", (HIDDEN, FEED_FORWARD)),
                ("ffn_up", (HIDDEN, FEED_FORWARD)),
                ("ffn_down", (FEED_FORWARD, HIDDEN))):
            yield f"blk.{layer}.{name}.weight", shape
    yield "output_norm.weight", (HIDDEN,)


def _num_elements(shape):
    return shape[0] * (shape[1] if len(shape) == 2 else 1)


def _num_bytes(shape):
    return _num_elements(shape) * (2 if len(shape) == 2 else 4)


def _aligned(size):
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _header():
    infos, offset = [], 0
    for name, shape in tensors():
        infos.append(_string(name) + struct.pack("<I", len(shape)) +
                     struct.pack(f"<{len(shape)}Q", *shape) +
                     struct.pack("<IQ", _TENSOR_F16 if len(shape) == 2
                                 else _TENSOR_F32, offset))
        offset += _aligned(_num_bytes(shape))
    fields = _metadata()
    header = (b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(fields)) +
              b"".join(fields) + b"".join(infos))
    return header.ljust(_aligned(len(header)), b"\0")


def write(path):
    """The file at `path`: 126 million parameters, the same every time."""
    draw = random.Random(1)
    # The scale of a trained matrix of this width.
    table = struct.pack(f"<{_TABLE}e", *(draw.gauss(0, HIDDEN ** -0.5)
                                         for _ in range(_TABLE)))
    table += table
    with open(path, "wb") as file:
        file.write(_header())
        for _, shape in tensors():
            size = _num_bytes(shape)
            if len(shape) == 1:
                file.write(struct.pack("<f", 1.0) * shape[0])
            for begin in range(0, size if len(shape) == 2 else 0, 2 * _TABLE):
                start = 2 * draw.randrange(_TABLE)
                file.write(table[start:start + min(2 * _TABLE, size - begin)])
            file.write(b"\0" * (_aligned(size) - size))
