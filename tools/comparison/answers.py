"""Whether an engine's answers are right, before its time counts."""

import math
import os
import sys
from typing import NamedTuple

TEXT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "check_text.txt")
WINDOW = 256       # tokens; the second halves are scored
NUM_WINDOWS = 5    # that the text holds with SmolLM2's tokenizer
TOLERANCE = 0.05   # of perplexity: rounding moves it by 1%, a bug by far more


class Answer(NamedTuple):
    peer: str
    model: str
    pass_tokens: int  # tokens computed together
    perplexity: float
    ours: float

    @property
    def is_right(self):
        # Written so that NaN is wrong.
        return abs(self.perplexity / self.ours - 1) <= TOLERANCE

    def __str__(self):
        verdict = "right" if self.is_right else "WRONG ANSWERS"
        shown = ("none" if math.isnan(self.perplexity)
                 else f"{self.perplexity:.2f}")
        return (f"{self.peer}, {os.path.basename(self.model)}, passes of "
                f"{self.pass_tokens}: perplexity {shown}, ours {self.ours:.2f}: "
                f"{verdict}")


class AnswerCheck:
    """Asks each engine once for each model file and size of pass."""

    def __init__(self, tessera):
        self._tessera = tessera
        self._ours = {}     # model -> perplexity
        self._answers = {}  # (peer, model, pass_tokens) -> Answer

    def check(self, peer, model, pass_tokens):
        # A window is the most that is computed together here.
        pass_tokens = min(pass_tokens, WINDOW)
        key = peer.name, model, pass_tokens
        if key not in self._answers:
            print(f"checking the answers of {peer.name} in passes of "
                  f"{pass_tokens}", file=sys.stderr, flush=True)
            if model not in self._ours:
                self._ours[model] = self._tessera.perplexity(TEXT, WINDOW,
                                                             model=model)
            theirs = peer.perplexity(TEXT, WINDOW, pass_tokens, NUM_WINDOWS,
                                     model=model)
            self._answers[key] = Answer(peer.name, model, pass_tokens, theirs,
                                        self._ours[model])
        return self._answers[key]

    @property
    def answers(self):
        return list(self._answers.values())
