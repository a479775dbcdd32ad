#!/usr/bin/env python3
"""Makes the small tokenizers and the goldens of libs/tokenizer.

usage: generate_goldens.py [DIRECTORY]     (by default the one of this file)

Wants `pip install tokenizers==0.23.3`, which is the judge: it trains the small
tokenizers in the shapes that published models have, and its ids are the
goldens. What is made is in the tree, so that no test needs Python or a network.

usage: generate_goldens.py additions

Prints the rows of ../unicode_additions.h: the code points whose category the
judge's regular expressions know and this Python's Unicode (14 in Python 3.11,
as in Debian's PCRE2) does not.
"""

import collections
import json
import pathlib
import sys
import unicodedata

from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models,
                        normalizers, pre_tokenizers, processors, trainers)

from golden_texts import (SPECIAL_TEXTS, hard_texts, random_texts,
                          training_texts)

HERE = pathlib.Path(__file__).resolve().parent
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
          r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*"
         r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?"
         r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}|"
         r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
SPACE = "\u2581"
NUM_TOKENS = 700


def split(regex):
    return pre_tokenizers.Split(Regex(regex), "isolated")


def byte_level(use_regex):
    return pre_tokenizers.ByteLevel(add_prefix_space=False,
                                    use_regex=use_regex)


def add_special(tokenizer, texts, **options):
    options = {"normalized": False, **options}
    tokenizer.add_special_tokens([AddedToken(t, **options) for t in texts])


def train_byte_level(pre_tokenizer, normalizer=None, alphabet=True, **options):
    """Byte-level BPE. Without `alphabet`, bytes that no text has are missing."""
    tokenizer = Tokenizer(models.BPE(**options))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        training_texts(),
        trainers.BpeTrainer(
            vocab_size=NUM_TOKENS, show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
            if alphabet else [],
            special_tokens=[options["unk_token"]]
            if "unk_token" in options else []))
    return tokenizer


def template(tokenizer, bos):
    return processors.TemplateProcessing(
        single=f"{bos} $A", pair=f"{bos} $A {bos} $B",
        special_tokens=[(bos, tokenizer.token_to_id(bos))])


def make_smollm():
    """SmolLM2: single digits, GPT-2's words, some bytes missing."""
    t = train_byte_level(pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), byte_level(True)]),
        alphabet=False)
    add_special(t, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    return t


def make_gpt2():
    t = train_byte_level(byte_level(True))
    add_special(t, ["<|endoftext|>"])
    # Tokens of other kinds: not special, stripping, overlapping.
    t.add_tokens([AddedToken("<tool>", normalized=False),
                  AddedToken("<tool>>", normalized=False),
                  AddedToken("<pad>", lstrip=True, rstrip=True,
                             normalized=False)])
    return t


def make_llama3():
    t = train_byte_level(
        pre_tokenizers.Sequence([split(LLAMA3), byte_level(False)]),
        ignore_merges=True)
    add_special(t, ["<|begin_of_text|>", "<|eot_id|>"])
    t.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        template(t, "<|begin_of_text|>")])
    return t


def make_qwen2():
    t = train_byte_level(
        pre_tokenizers.Sequence([split(QWEN2), byte_level(False)]),
        normalizer=normalizers.NFC())
    add_special(t, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    t.add_tokens([AddedToken("<tool_call>", normalized=False)])
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    return t


def make_o200k():
    """A pattern that goes through PCRE2, and an unknown token."""
    t = train_byte_level(
        pre_tokenizers.Sequence([split(O200K), byte_level(False)]),
        alphabet=False, unk_token="<unk>", fuse_unk=True)
    add_special(t, ["<s>"])
    return t


def make_default():
    """What llama.cpp does with a GGUF file that names no pre-tokenizer."""
    gpt2 = (r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|"
            r"\s+(?!\S)|\s+")
    return train_byte_level(pre_tokenizers.Sequence([
        split(r"[\p{P}\$\+<=>\^~\|]+"), split(gpt2), split(r"\p{N}+"),
        split("[0-9][0-9][0-9]"), byte_level(False)]))


def train_characters(pre_tokenizer, byte_fallback, **options):
    """SentencePiece-style BPE, learned within words or across them."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True,
                                     byte_fallback=byte_fallback))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    specials = ["<unk>", "<s>", "</s>"]
    if byte_fallback:
        specials += ["<0x%02X>" % b for b in range(256)]
    # The commonest characters, chosen here: the trainer breaks ties at random.
    counts = collections.Counter("".join(training_texts()).replace(" ", SPACE))
    alphabet = sorted(counts, key=lambda c: (-counts[c], c))[:160]
    tokenizer.train_from_iterator(
        training_texts(),
        trainers.BpeTrainer(vocab_size=NUM_TOKENS + len(specials),
                            show_progress=False, special_tokens=specials,
                            initial_alphabet=alphabet,
                            limit_alphabet=len(alphabet)))
    # The byte tokens are no special tokens: take those out again.
    j = json.loads(tokenizer.to_str())
    j["added_tokens"] = [a for a in j["added_tokens"]
                         if not a["content"].startswith("<0x")]
    for a in j["added_tokens"]:
        a["normalized"] = False
    j["pre_tokenizer"] = None
    tokenizer = Tokenizer.from_str(json.dumps(j))
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace(SPACE, " "), decoders.ByteFallback(),
        decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = template(tokenizer, "<s>")
    return tokenizer


def make_llama2():
    return train_characters(
        pre_tokenizers.Metaspace(prepend_scheme="never"), True)


def make_sentencepiece():
    """The merges that a SentencePiece model's scores imply, here minus the id.

    Listed as the converter of the published Llama and Mistral files did: by
    the score of what is made, then by the ids of the halves.
    """
    j = json.loads(make_llama2().to_str())
    vocab = j["model"]["vocab"]
    merges = []
    for piece in sorted(vocab, key=vocab.get):
        cuts = [(piece[:i], piece[i:]) for i in range(1, len(piece))]
        merges += sorted(
            ([a, b] for a, b in cuts if a in vocab and b in vocab),
            key=lambda pair: (vocab[pair[0]], vocab[pair[1]]))
    j["model"]["merges"] = merges
    return Tokenizer.from_str(json.dumps(j))


def make_across():
    """Merges that cross spaces; no bytes to fall back on."""
    t = train_characters(None, False)
    add_special(t, ["<sep>"], normalized=True)
    return t


def make_mistral():
    """Metaspace in place of the normalizer."""
    t = train_characters(
        pre_tokenizers.Metaspace(prepend_scheme="never"), True)
    j = json.loads(t.to_str())
    j["normalizer"] = None
    j["pre_tokenizer"] = {"type": "Metaspace", "replacement": SPACE,
                          "prepend_scheme": "first", "split": False}
    # Old spelling of merges.
    j["model"]["merges"] = [" ".join(m) for m in j["model"]["merges"]]
    t = Tokenizer.from_str(json.dumps(j))
    t.decoder = decoders.Sequence([
        decoders.Replace(SPACE, " "), decoders.ByteFallback(),
        decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    return t


def hash_ids(ids, state=0xCBF29CE484222325):
    """FNV-1a over the ids' four bytes each, little endian."""
    for i in ids:
        for byte in i.to_bytes(4, "little"):
            state = (state ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return state


def encode(tokenizer, data, parse_special=True, add_special_tokens=False):
    """Ids of bytes: what is no UTF-8 is what Python makes of it."""
    tokenizer.encode_special_tokens = not parse_special
    return tokenizer.encode(data.decode("utf-8", "replace"),
                            add_special_tokens=add_special_tokens).ids


def is_tested_block(start):
    """All but surrogates, and of the empty and private planes one in 128."""
    if 0xD800 <= start < 0xE000:
        return False
    return start < 0x40000 or 0xE0000 <= start < 0xE1000 or start % 0x8000 == 0


def every_code_point():
    """Blocks of 256 code points, each behind a letter and before a digit."""
    for start in filter(is_tested_block, range(0, 0x110000, 256)):
        yield "".join("a%c1 " % c for c in range(start, start + 256)).encode()


def goldens(tokenizer):
    blocks = []
    for i, text in enumerate(random_texts(seed=1, count=4000)):
        if i % 200 == 0:
            blocks.append(0xCBF29CE484222325)
        blocks[-1] = hash_ids(encode(tokenizer, text), blocks[-1])
    state = 0xCBF29CE484222325
    for text in every_code_point():
        state = hash_ids(encode(tokenizer, text), state)
    decoded = []
    for text in hard_texts():
        ids = encode(tokenizer, text)
        decoded.append(tokenizer.decode(ids, skip_special_tokens=False))
    return {
        "ids": [encode(tokenizer, t) for t in hard_texts()],
        "decoded": decoded,
        "literal": [encode(tokenizer, t.encode(), parse_special=False)
                    for t in SPECIAL_TEXTS],
        "parsed": [encode(tokenizer, t.encode()) for t in SPECIAL_TEXTS],
        "with_bos": encode(tokenizer, b"Hello", add_special_tokens=True),
        "every_code_point": "%016x" % state,
        "random": ["%016x" % b for b in blocks],
    }


MAKERS = {
    "smollm": make_smollm, "gpt2": make_gpt2, "llama3": make_llama3,
    "qwen2": make_qwen2, "o200k": make_o200k, "llama2": make_llama2,
    "across": make_across, "mistral": make_mistral,
    "default": make_default, "sentencepiece": make_sentencepiece,
}


def compact(value):
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def write_goldens(directory):
    texts = {"hard": [t.hex() for t in hard_texts()], "special": SPECIAL_TEXTS}
    (directory / "texts.json").write_text(
        json.dumps(texts, indent=0, ensure_ascii=True) + "\n")
    for name, make in MAKERS.items():
        tokenizer = make()
        (directory / f"{name}.tokenizer.json").write_text(
            compact(json.loads(tokenizer.to_str())) + "\n")
        lines = [f"{compact(k)}:{compact(v)}"
                 for k, v in goldens(tokenizer).items()]
        (directory / f"{name}.goldens.json").write_text(
            "{" + ",\n".join(lines) + "}\n")
        print(name, tokenizer.get_vocab_size())


def print_additions():
    categories = ("Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po "
                  "Sm Sc Sk So Cf").split()
    code_points = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    rows = []
    for category in categories:
        matches = pre_tokenizers.Split(Regex(r"\p{%s}" % category), "removed",
                                       invert=True)
        known = set()
        for i in range(0, len(code_points), 4096):
            text = "".join(map(chr, code_points[i:i + 4096]))
            for word, _ in matches.pre_tokenize_str(text):
                known.update(map(ord, word))
        new = sorted(c for c in known if unicodedata.category(chr(c)) != category)
        for c in new:
            if rows and rows[-1][1] == c - 1 and rows[-1][2] == category:
                rows[-1][1] = c
            else:
                rows.append([c, c, category])
    for first, last, category in sorted(rows):
        print(f'    {{0x{first:x}, 0x{last:x}, "{category}"}},')


if __name__ == "__main__":
    if sys.argv[1:] == ["additions"]:
        print_additions()
    else:
        write_goldens(pathlib.Path(sys.argv[1]) if sys.argv[1:] else HERE)
