#!/usr/bin/env python3
"""Makes goldens.json: the default model's own ids of hard texts.

usage: generate_goldens.py MODEL.gguf

Wants `pip install tokenizers==0.23.3 gguf xllamacpp`. Two judges read the model
file: Hugging Face's tokenizers, given the file's vocabulary and merges in the
shape of SmolLM2's tokenizer.json, and llama.cpp. The ids are the first's; texts
whose ids the second sees otherwise are listed, with what it sees, and printed.
What is made is in the tree, so that the test needs neither.
"""

import json
import pathlib
import sys
import urllib.request

import xllamacpp
from gguf import GGUFReader
from tokenizers import (AddedToken, Tokenizer, decoders, models,
                        pre_tokenizers)

HERE = pathlib.Path(__file__).resolve().parent
TESTDATA = HERE.parent.parent / "libs" / "tokenizer" / "testdata"
sys.path.insert(0, str(TESTDATA))

from golden_texts import hard_texts, random_texts  # noqa: E402

CONTROL = 3  # a token's type in GGUF
NUM_RANDOM = 200

# Of this vocabulary: words long and split, digits one by one, code, tables,
# other scripts, and the eight bytes that it lacks.
OWN_TEXTS = [
    "Supercalifragilisticexpialidocious antidisestablishmentarianism",
    "In 1969, 3 astronauts flew 384,400 km; 2^10 = 1024.",
    "def tokenize(text: str) -> list[int]:\n    return [ord(c) for c in text]\n",
    "SELECT id, name FROM users WHERE age >= 18 ORDER BY name DESC;\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n", "# Title\n\n- item\n  - nested\n\n> quote",
    "\\frac{1}{2}\\sum_{i=0}^{n} x_i^2", "<div class=\"x\">&nbsp;</div>",
    "Stra\u00dfe, na\u00efve, \u010de\u0161tina, \u0142\u00f3d\u017a, Ti\u1ebfng Vi\u1ec7t",
    "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3067\u3059\u3002 \ud55c\uad6d\uc5b4 \u4e2d\u6587",
    "\u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u0442\u0435\u043a\u0441\u0442, \u03b5\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac, \u05e2\u05d1\u05e8\u05d9\u05ea",
    "\U0001f600\U0001f680 \U0001f469\u200d\U0001f4bb \u2192 \u2264 \u221e \u2211 \u00b0C",
    "".join(map(chr, range(0x20))), "".join(map(chr, range(0x7f, 0x100))),
    " the  the   the    the", "\n\n\n\n the \t\t the", "a" * 257, "ab " * 100,
    "2024-11-24T18:36:39Z", "0x1F 0b101 1e-5 .5 1_000_000",
    "I'd you've they'RE it'S o'clock rock'n'roll 'tis",
]


class HuggingFace:
    def __init__(self, fields):
        tokens = [str(t) for t in strings(fields, "tokenizer.ggml.tokens")]
        merges = [tuple(m.split(" ")) for m in
                  strings(fields, "tokenizer.ggml.merges")]
        types = fields["tokenizer.ggml.token_type"].contents()
        self.special = [t for t, kind in zip(tokens, types) if kind == CONTROL]
        vocabulary = {t: i for i, t in enumerate(tokens)}
        t = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
        t.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
        t.decoder = decoders.ByteLevel()
        t.add_special_tokens(
            [AddedToken(s, normalized=False, special=True)
             for s in self.special])
        self.tokenizer = t

    def ids(self, text, parse_special):
        self.tokenizer.encode_special_tokens = not parse_special
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, ids):
        return self.tokenizer.decode(ids, skip_special_tokens=False)


class LlamaCpp:
    def __init__(self, path):
        params = xllamacpp.CommonParams()
        params.model.path = path
        params.n_ctx = 512
        params.n_parallel = 1
        params.warmup = False
        self.server = xllamacpp.Server(params)
        self.url = self.server.listening_address + "/tokenize"

    def ids(self, text, parse_special):
        body = json.dumps({"content": text, "add_special": False,
                           "parse_special": parse_special}).encode()
        request = urllib.request.Request(
            self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["tokens"]


def strings(fields, name):
    return fields[name].contents()


def all_texts(special):
    texts = [t.decode("utf-8", "replace") for t in hard_texts()] + OWN_TEXTS
    texts += [f"a {s} b{s}{s}c" for s in special]
    texts += ["<|im_start|>user\nhi<|im_end|>\n", "<|im_start|", "<<|im_end|>>"]
    texts += [t.decode("utf-8", "replace")
              for t in random_texts(seed=3, count=NUM_RANDOM)]
    return list(dict.fromkeys(texts))


def main():
    path = sys.argv[1]
    hugging_face = HuggingFace(GGUFReader(path).fields)
    llama_cpp = LlamaCpp(path)
    cases, differing = [], []
    for text in all_texts(hugging_face.special):
        case = {"text": text}
        for key, parse in (("ids", True), ("literal", False)):
            case[key] = hugging_face.ids(text, parse)
            theirs = llama_cpp.ids(text, parse)
            if theirs != case[key]:
                differing.append({"text": text, "kind": key, "ids": theirs})
                print(f"llama.cpp, {key}: {text!r}\n  {case[key]}\n  {theirs}")
        decoded = hugging_face.decode(case["ids"])
        if decoded != text:
            case["decoded"] = decoded
        if case["literal"] == case["ids"]:
            del case["literal"]
        cases.append(case)
    lines = [json.dumps(c, separators=(",", ":")) for c in cases]
    other = [json.dumps(c, separators=(",", ":")) for c in differing]
    (HERE / "goldens.json").write_text(
        '{"cases":[\n' + ",\n".join(lines) + '\n],\n"llama_cpp_differs":[\n' +
        ",\n".join(other) + "\n]}\n")
    print(f"{len(cases)} texts, llama.cpp differs in {len(differing)}")


if __name__ == "__main__":
    main()
