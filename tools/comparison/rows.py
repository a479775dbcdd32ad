"""A row of the table: one piece of work, measured."""

from dataclasses import dataclass, field
from typing import Optional

import goals


@dataclass
class PeerFigure:
    peer: str
    flavour: str
    value: Optional[float]          # in the row's unit; None where `note` says why
    ratio: Optional[float] = None   # ours to the peer's, as speeds
    note: str = ""                  # "on Q8_0", "wrong answers"
    counts: bool = True             # whether the goals are about it
    samples: list = field(default_factory=list)


@dataclass
class Limit:
    name: str      # goals.BANDWIDTH, goals.INT8, ...
    rate: float    # a second
    share: float   # that the row reached


@dataclass
class Row:
    key: str
    goals: str     # a key of goals.GOALS
    work: str
    unit: str      # "tok/s", "x", "s", "bytes"
    value: float
    detail: str = ""
    limit: Optional[Limit] = None
    peers: list = field(default_factory=list)
    samples: list = field(default_factory=list)

    def figure(self, against):
        """What a goal is judged by, or None."""
        if against == goals.ITSELF:
            return self.value
        if self.limit is not None and against == self.limit.name:
            return self.limit.share
        ratios = [peer.ratio for peer in self.peers
                  if peer.flavour == against and peer.counts and
                  peer.ratio is not None]
        return min(ratios) if ratios else None

    def as_json(self):
        word, missed = goals.verdict(self)
        return {
            "row": self.key, "work": self.work, "unit": self.unit,
            "value": self.value, "detail": self.detail,
            "limit": None if self.limit is None else vars(self.limit),
            "peers": [vars(peer) for peer in self.peers],
            "goals": [dict(goal._asdict(), figure=self.figure(goal.against),
                           verdict=goals.judge(goal, self.figure(goal.against)))
                      for goal in goals.GOALS[self.goals]],
            "verdict": word, "missed": [goal.against for goal in missed],
            "samples": self.samples,
        }
