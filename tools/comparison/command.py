"""Runs a program, and says what went wrong in a line or two."""

import os
import subprocess
import time
from typing import NamedTuple


class CommandFailed(Exception):
    """A program could not start, failed, or wrote what nobody can read."""


def _failure(arguments, reason, errors):
    tail = "\n".join(errors.strip().splitlines()[-5:])
    return CommandFailed(f"{' '.join(arguments)}: {reason}" +
                         (f"\n{tail}" if tail else ""))


def run(arguments, folder=None):
    """(standard output, standard error) of the program, which must succeed;
    run in `folder`, since some leave a log where they start."""
    try:
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, text=True,
                              errors="replace", capture_output=True, check=False,
                              cwd=folder)
    except OSError as error:
        raise CommandFailed(f"{arguments[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise _failure(arguments, f"exit status {done.returncode}", done.stderr)
    return done.stdout, done.stderr


def seconds_to_first_byte(arguments):
    """From starting the program to the first byte it writes; it must succeed."""
    start = time.perf_counter()
    try:
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
    except OSError as error:
        raise CommandFailed(f"{arguments[0]}: {error.strerror}") from error
    with process:
        # Not a buffered read, which would wait for more.
        first = os.read(process.stdout.fileno(), 1)
        seconds = time.perf_counter() - start
        _, errors = process.communicate()
    if process.returncode != 0 or not first:
        raise _failure(arguments, f"exit status {process.returncode}, "
                       f"{'some' if first else 'no'} output",
                       errors.decode(errors="replace"))
    return seconds


class CpuClock(NamedTuple):
    """CPU seconds of the whole machine and of this process's children."""
    busy: float
    children: float
    wall: float

    @staticmethod
    def now():
        times = os.times()
        return CpuClock(_busy_seconds(), times.children_user +
                        times.children_system + times.user + times.system,
                        time.monotonic())


def _busy_seconds():
    # user nice system idle iowait irq softirq steal ..., in ticks. What the
    # host took away (steal) is someone else's work as well.
    with open("/proc/stat", encoding="ascii") as stat:
        fields = [int(field) for field in stat.readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def share_of_others(begin, end):
    """Of all cores' time between two clocks, what others' work took: 0 to 1."""
    wall = (end.wall - begin.wall) * os.cpu_count()
    others = (end.busy - begin.busy) - (end.children - begin.children)
    return min(1.0, max(0.0, others / wall)) if wall > 0 else 0.0
