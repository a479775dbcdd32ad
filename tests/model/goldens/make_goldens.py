#!/usr/bin/env python3
"""Writes logits.txt: what transformers computes for the synthetic checkpoints, in float32.

    bazel build //tests/model:write_synthetic
    bazel-bin/tests/model/write_synthetic DIR
    python tests/model/goldens/make_goldens.py DIR > tests/model/goldens/logits.txt

Needs torch, transformers, gguf and xllamacpp. Each line: a checkpoint, a position, the logits of all
tokens there. Standard error says how far the other paths are from them: transformers' own reading of
our GGUF file, and llama.cpp (log-probabilities; it keeps its cache in F16 and computes in BF16's
stead as it likes).
"""

import json
import os
import sys

import numpy as np
import torch
import xllamacpp
from transformers import AutoConfig, AutoModelForCausalLM

POSITIONS = (12, 47)


def transformers_logits(path, tokens, gguf_file=None):
    model = AutoModelForCausalLM.from_pretrained(
        path, gguf_file=gguf_file, dtype=torch.float32, attn_implementation="eager"
    )
    with torch.no_grad():
        return model(torch.tensor([tokens])).logits[0].numpy().astype(np.float64)


def llama_cpp_log_probabilities(path, tokens):
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.n_ctx = 256
    params.n_parallel = 1
    params.cpuparams.n_threads = 2
    params.warmup = False
    server = xllamacpp.Server(params)
    rows = {}
    for position in POSITIONS:
        answer = server.handle_completions(
            {"prompt": tokens[: position + 1], "n_predict": 1, "n_probs": 160, "temperature": 0,
             "cache_prompt": False, "logit_bias": []}
        )
        top = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        row = np.full(160, np.nan)
        for entry in top:
            row[entry["id"]] = entry["logprob"]
        rows[position] = row
    return rows


def log_softmax(row):
    return row - row.max() - np.log(np.exp(row - row.max()).sum())


def say(name, what, difference):
    print(f"{name:28} {what:24} {difference:.2e}", file=sys.stderr)


def relative(a, b):
    """The root mean square of the difference over that of b's deviation from its mean."""
    return float(np.sqrt(np.mean((a - b) ** 2)) / np.std(b))


def compare(name, golden, gguf, directory, tokens, window=False):
    if gguf is None:
        return
    try:
        other = transformers_logits(directory, tokens, gguf_file=os.path.basename(gguf))
        say(name, "transformers, GGUF", max(relative(other[p], golden[p]) for p in POSITIONS))
    except Exception as error:  # it lacks some features
        print(f"{name:28} transformers, GGUF: {type(error).__name__}: {error}"[:200], file=sys.stderr)
    rows = llama_cpp_log_probabilities(gguf, tokens)
    say(name, "llama.cpp" + (" (has no window)" if window else ""),
        max(relative(rows[p], log_softmax(golden[p])) for p in POSITIONS))


def write(name, golden):
    for position in POSITIONS:
        print(name, position, *(f"{value:.6g}" for value in golden[position]))


def main():
    directory = sys.argv[1]
    with open(os.path.join(directory, "tokens.json")) as file:
        tokens = json.load(file)
    for entry in sorted(os.listdir(directory)):
        path = os.path.join(directory, entry)
        if os.path.isdir(path):
            golden = transformers_logits(path, tokens)
            gguf = path + ".gguf" if os.path.exists(path + ".gguf") else None
            compare(entry, golden, gguf, directory, tokens, "window" in entry)
            write(entry, golden)
        elif entry.startswith("type_"):
            golden = transformers_logits(directory, tokens, gguf_file=entry)
            rows = llama_cpp_log_probabilities(path, tokens)
            name = entry[: -len(".gguf")]
            say(name, "llama.cpp", max(relative(rows[p], log_softmax(golden[p])) for p in POSITIONS))
            write(name, golden)


if __name__ == "__main__":
    main()
