"""What one pass over a model has to read and to compute."""

from typing import NamedTuple

from command import CommandFailed


class ModelShape(NamedTuple):
    type_name: str        # of most bytes
    pass_bytes: int       # weights that a pass reads, however few its tokens
    token_products: int   # multiply-adds of every token in the layers' matrices
    last_products: int    # those of a prompt's last token beside
    kv_token_bytes: int   # keys and values of one token in bf16

    def prompt_operations(self, num_tokens):
        """A multiply-add counts as two. The layers alone, and of the last one
        only keys and values (we compute queries too): of a prompt only the last
        token needs logits."""
        return 2 * (self.token_products * num_tokens + self.last_products)

    def decode_bytes(self, context_len):
        """What one token reads: weights, and the cache of so many tokens."""
        return self.pass_bytes + context_len * self.kv_token_bytes


def read(inspection):
    """From `tessera inspect --json` of a GGUF file."""
    tensors = inspection["tensors"]
    fields = {field["key"]: field["value"] for field in inspection["metadata"]}
    bytes_by_type = {}
    for tensor in tensors:
        bytes_by_type[tensor["type"]] = (bytes_by_type.get(tensor["type"], 0) +
                                         tensor["bytes"])
    products = {tensor["name"]: tensor["shape"][0] * tensor["shape"][1]
                for tensor in tensors
                if tensor["name"].startswith("blk.") and
                len(tensor["shape"]) == 2}
    last_layer = f"blk.{fields.get(_layers_key(fields), 0) - 1}."
    narrowed = sum(count for name, count in products.items()
                   if name.startswith(last_layer) and
                   not name.startswith(tuple(last_layer + part for part in
                                             ("attn_q.", "attn_k.", "attn_v."))))
    # Of an embedding apart from the output matrix, a token reads one row.
    untied = any(tensor["name"] == "output.weight" for tensor in tensors)
    return ModelShape(
        type_name=max(bytes_by_type, key=bytes_by_type.get),
        pass_bytes=sum(tensor["bytes"] for tensor in tensors
                       if not (untied and tensor["name"] == "token_embd.weight")),
        token_products=sum(products.values()) - narrowed,
        last_products=narrowed,
        kv_token_bytes=_kv_token_bytes(fields))


def _layers_key(fields):
    return f"{fields.get('general.architecture')}.block_count"


def _kv_token_bytes(fields):
    try:
        name = fields["general.architecture"]
        heads = fields[f"{name}.attention.head_count"]
        kv_heads = fields.get(f"{name}.attention.head_count_kv", heads)
        head_dim = fields.get(f"{name}.attention.key_length",
                              fields[f"{name}.embedding_length"] // heads)
        return 2 * 2 * fields[f"{name}.block_count"] * kv_heads * head_dim
    except KeyError as error:
        raise CommandFailed(f"the model's metadata lacks {error}") from error
