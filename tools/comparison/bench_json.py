"""Reads what `tessera bench -o json` and llama-bench's `-o json` write."""

import json
from typing import NamedTuple

from command import CommandFailed


class Work(NamedTuple):
    """One test: a prompt, or tokens one by one (the other is 0), at a depth."""
    num_prompt: int
    num_generated: int
    depth: int

    @property
    def num_tokens(self):
        return self.num_prompt + self.num_generated


def parse(text, drop=0):
    """{Work: [seconds of each repetition but the first `drop`]}."""
    try:
        entries = json.loads(text[text.index("["):])
        samples = {}
        for entry in entries:
            # ik_llama.cpp's llama-bench knows no depth.
            work = Work(entry["n_prompt"], entry["n_gen"], entry.get("n_depth", 0))
            samples[work] = [ns / 1e9 for ns in entry["samples_ns"]][drop:]
        return samples
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandFailed("a bench wrote what is not its JSON: "
                            f"{error!r} in {text[:200]!r}") from error
