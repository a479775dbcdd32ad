"""What serving has to reach, and aims at, on the default model."""

from dataclasses import dataclass, field
from typing import Optional

MISSED, REACHED, AIMED, UNMEASURED = "MISSED", "reached", "aim", "not measured"


@dataclass
class Bar:
    """against_peer: of how many times as good as the peer; otherwise of the
    figure itself. words: how a table names it, where not by the bound."""
    against_peer: bool
    bound: float
    words: str = ""


@dataclass
class Row:
    key: str
    work: str
    unit: str                       # "tok/s", "s", "us", "%", "x", "GB/s"
    ours: Optional[float]           # None: `detail` says why
    theirs: Optional[float] = None  # of the peer
    floor: Optional[Bar] = None
    aim: Optional[Bar] = None
    lower_is_better: bool = False
    samples: dict = field(default_factory=dict)  # {arm: [figure of a round]}
    detail: str = ""                # what the figure was made of

    @property
    def ratio(self):
        """How many times as good as the peer; None without one."""
        if not self.theirs or not self.ours:
            return None
        return (self.theirs / self.ours if self.lower_is_better
                else self.ours / self.theirs)

    def reaches(self, bar):
        """None: it was not measured."""
        if self.ours is None:
            return None
        if bar.against_peer:
            return None if self.ratio is None else self.ratio >= bar.bound
        # Written so that NaN reaches nothing.
        return (self.ours <= bar.bound if self.lower_is_better
                else self.ours >= bar.bound)

    @property
    def verdict(self):
        if self.floor is None:
            return ""
        reached = self.reaches(self.floor)
        if reached is None:
            return UNMEASURED
        if not reached:
            return MISSED
        return AIMED if self.aim and self.reaches(self.aim) else REACHED

    def as_json(self):
        return {"row": self.key, "work": self.work, "unit": self.unit,
                "value": self.ours, "peer": self.theirs, "ratio": self.ratio,
                "floor": self.floor and vars(self.floor),
                "aim": self.aim and vars(self.aim), "verdict": self.verdict,
                "detail": self.detail, "samples": self.samples}


def _peer(times):
    return Bar(True, times)


def itself(bound, words=""):
    return Bar(False, bound, words)


# {row key: (floor, aim)}
BARS = {
    "throughput_16": (_peer(5), _peer(9)),
    "throughput_64": (_peer(6), _peer(10)),
    "first_token_16": (_peer(5), _peer(10)),
    "worst_gap": (_peer(10), itself(0.050)),
    "one_stream": (itself(97), itself(99)),
    "cpu_per_token": (itself(20), itself(5)),
}
