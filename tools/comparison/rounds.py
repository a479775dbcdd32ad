"""Times several arms in turns, so that what drifts drifts for all of them."""

import statistics
import sys
import time

import command

# Two spinning threads lose more than this share to anyone who takes it.
DISTURBED = 0.05
_RETRIES = 2


class Disturbance:
    """How much of the CPU other processes took while arms ran."""

    def __init__(self):
        self.shares = []   # of each call that counted
        self.repeated = 0  # calls measured again because of it

    @property
    def num_disturbed(self):
        return sum(share > DISTURBED for share in self.shares)


def _say(text):
    print(text, file=sys.stderr, flush=True)


def _call(run, disturbance):
    """The call's result; measured again while others disturb it."""
    best = None
    for attempt in range(1 + _RETRIES):
        if attempt:
            disturbance.repeated += 1
            time.sleep(1)
        begin = command.CpuClock.now()
        result = run()
        share = command.share_of_others(begin, command.CpuClock.now())
        if best is None or share < best[0]:
            best = share, result
        if share <= DISTURBED:
            break
    disturbance.shares.append(best[0])
    return best[1]


def interleave(title, arms, num_rounds, disturbance):
    """{arm: {key: [sample, ...]}} of `num_rounds` turns.

    arms: {name: callable that returns {key: [sample, ...]}}. Every other turn
    goes backwards, so that no arm always follows the same one.
    """
    samples = {name: {} for name in arms}
    for turn in range(num_rounds):
        _say(f"{title}: round {turn + 1} of {num_rounds}")
        for name in list(arms) if turn % 2 == 0 else reversed(list(arms)):
            for key, values in _call(arms[name], disturbance).items():
                samples[name].setdefault(key, []).extend(values)
    return samples


def median(samples):
    return statistics.median(samples)
