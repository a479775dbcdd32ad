"""What each row has to reach, and what it aims at, on the default model."""

from typing import NamedTuple, Optional

from peer import IK_LLAMA_CPP, LLAMA_CPP

BANDWIDTH = "bandwidth"
INT8 = "int8 rate"
BF16 = "bf16 rate"
ITSELF = "itself"  # the row's own figure


class Goal(NamedTuple):
    against: str            # a peer's flavour, a limit, or ITSELF
    floor: float            # a ratio to the peer, a share of the limit
    aim: Optional[float]
    lower_is_better: bool = False


GOALS = {
    "decode": [Goal(IK_LLAMA_CPP, 1.7, 2.2), Goal(BANDWIDTH, 0.75, None)],
    "decode_at_depth": [Goal(LLAMA_CPP, 3, 4), Goal(BANDWIDTH, 0.65, None)],
    "prefill": [Goal(LLAMA_CPP, 6, 8), Goal(IK_LLAMA_CPP, 1.8, 2.2),
                Goal(INT8, 0.45, None)],
    "prefill_at_depth": [Goal(LLAMA_CPP, 5, 7)],
    "pass_4": [Goal(ITSELF, 1.35, 1.15, True)],
    "pass_8": [Goal(ITSELF, 1.9, 1.5, True)],
    "first_token": [Goal(ITSELF, 0.5, 0.2, True)],
    "memory": [Goal(ITSELF, 100e6, None, True)],
    "format": [Goal(LLAMA_CPP, 1, None)],
}

MISSED, REACHED, AIMED, UNMEASURED = "missed", "reached", "aim", "not measured"


def judge(goal, figure):
    """Where a figure stands: None is what was not measured."""
    if figure is None:
        return UNMEASURED

    def reaches(bar):
        return figure <= bar if goal.lower_is_better else figure >= bar

    if not reaches(goal.floor):
        return MISSED
    # A goal with no aim of its own does not keep the row from its aim.
    return AIMED if goal.aim is None or reaches(goal.aim) else REACHED


def verdict(row):
    """One word for the row, and which goals it misses: (word, [Goal])."""
    judged = [(goal, judge(goal, row.figure(goal.against)))
              for goal in GOALS[row.goals]]
    missed = [goal for goal, where in judged if where == MISSED]
    measured = [(goal, where) for goal, where in judged if where != UNMEASURED]
    if missed:
        return MISSED, missed
    if not measured:
        return UNMEASURED, []
    # With a peer missing, what was measured can reach, but not all of it.
    if len(measured) < len(judged):
        return REACHED + " as far as measured", []
    all_aimed = all(where == AIMED for _, where in measured)
    has_aim = any(goal.aim is not None for goal in GOALS[row.goals])
    return (AIMED if all_aimed and has_aim else REACHED), []
