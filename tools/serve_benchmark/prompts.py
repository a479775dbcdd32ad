"""Prompts of a given length, no two with a beginning in common."""

import random

# Ordinary text tokens of the default model's vocabulary: below these lie its
# special tokens and single bytes.
FIRST_TOKEN = 512
NUM_DISTINCT = 8


class Prompts:
    """Token ids out of a text's, each prompt after a beginning of its own, so
    that neither engine's cache has any of it."""

    def __init__(self, text_tokens, seed):
        """text_tokens: the ids of some text, at least one."""
        self._text = text_tokens
        self._random = random.Random(seed)
        self._vocabulary = max(max(text_tokens) + 1, FIRST_TOKEN + 1)

    def next(self, num_tokens):
        head = [self._random.randrange(FIRST_TOKEN, self._vocabulary)
                for _ in range(min(NUM_DISTINCT, num_tokens))]
        start = self._random.randrange(len(self._text))
        text = self._text[start:] + self._text[:start]
        while len(text) < num_tokens:
            text = text + text
        return head + text[:num_tokens - len(head)]
