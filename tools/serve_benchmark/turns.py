"""Runs several arms in turns, and notes how much of the CPU others took."""

import math
import statistics
import sys

import command
import cpu_time


def say(text):
    print(text, file=sys.stderr, flush=True)


def median_and_error(samples):
    """(median, its standard error, were the samples normal)."""
    error = (1.2533 * statistics.stdev(samples) / math.sqrt(len(samples))
             if len(samples) > 1 else math.inf)
    return statistics.median(samples), error


class Turns:
    def __init__(self, num_rounds):
        self.num_rounds = num_rounds
        self.shares_of_others = []  # of the CPU, each measurement

    def run(self, title, runs, servers=(), num_rounds=None):
        """{name: [what its call returned, a round each]}. Every other round goes
        backwards. servers: those that run meanwhile, whose work is no other's."""
        num_rounds = num_rounds or self.num_rounds
        results = {name: [] for name in runs}
        for turn in range(num_rounds):
            names = list(runs) if turn % 2 == 0 else list(reversed(runs))
            for name in names:
                say(f"{title}: round {turn + 1} of {num_rounds}, {name}")
                with self.watched(servers):
                    results[name].append(runs[name]())
        return results

    def watched(self, servers=()):
        """A context whose share of others' work is noted."""
        return _Watch(self.shares_of_others, servers)

    @property
    def line(self):
        worst = max(self.shares_of_others, default=0)
        middle = statistics.median(self.shares_of_others or [0])
        return (f"Other processes took {middle:.0%} of the CPU during a measurement, "
                f"{worst:.0%} at most.")


class _Watch:
    def __init__(self, shares, servers):
        self._shares = shares
        self._pids = [server.process.pid for server in servers]

    def _now(self):
        # Work of servers that still run is not yet counted as of children.
        clock = command.CpuClock.now()
        alive = sum(cpu_time.process_seconds(pid) for pid in self._pids)
        return clock._replace(children=clock.children + alive)

    def __enter__(self):
        self._begin = self._now()

    def __exit__(self, kind, *_):
        if kind is None:
            self._shares.append(command.share_of_others(self._begin, self._now()))
