"""Requests put on several arms in turns, whose answers have to be the same."""

import math
import statistics
from dataclasses import dataclass, field

import load
from command import CommandFailed
from turns import median_and_error
from workbench import check_same

# So many that the batch is full nearly all of the time: the last answers, when
# others have ended, say nothing of it.
REQUESTS_A_STREAM = {1: 8, 4: 8, 16: 4, 64: 2}
# Turns of a batch in a round: one takes 1 to 3 s, and its ratio to another arm's
# varies by 2 to 4%, with arms that are the same too. Five rounds make the medians
# certain to about 1%.
TURNS_A_ROUND = {1: 4, 4: 3, 16: 3, 64: 2}


@dataclass
class Arm:
    """What is asked of a server, in this way."""
    name: str
    server: object
    fields: dict = field(default_factory=dict)  # more, of each request


def decode_seconds(answer):
    """From the first token to the last; CommandFailed: there is no such time."""
    seconds = answer.tokens_s[-1] - answer.tokens_s[0]
    if seconds <= 0:
        raise CommandFailed(f"an answer of {answer.completion_tokens} tokens came all "
                            "at once")
    return seconds


def one_after_another(bench, title, servers, asked, num_tokens, more=None):
    """{server's name: [[Answer of each round] of each task]}, after a round that
    warms; asked: {task: messages}. more: {server's name: {task: fields}}."""
    more = more or {}

    def run(server):
        return [bench.ask(server, messages, num_tokens, ignore_eos=False,
                          **more.get(server.name, {}).get(task, {}))
                for task, messages in asked.items()]

    arms = {server.name: lambda server=server: run(server) for server in servers}
    first = {name: arm() for name, arm in arms.items()}
    rounds = bench.turns.run(title, arms, servers)
    plain = next(iter(first.values()))
    for name, answers in rounds.items():
        for each in [first[name], *answers]:
            check_same(f"{title}, {name}", each, plain)
    return {name: list(zip(*answers)) for name, answers in rounds.items()}


class Speeds:
    """Tokens a second after those of the first piece, of the tasks of one arm."""

    def __init__(self, tasks):
        """tasks: [[Answer of each round] of each task]."""
        self.seconds = [statistics.median(decode_seconds(answer) for answer in rounds)
                        for rounds in tasks]
        self.tokens = [len(rounds[0].reply.token_ids) - rounds[0].reply.first_piece
                       for rounds in tasks]

    @property
    def rate(self):
        """Of all tasks, one after another."""
        return sum(self.tokens) / sum(self.seconds)

    def times(self, other):
        """[how many times as fast as the other] of each task."""
        return [theirs / ours for ours, theirs in zip(self.seconds, other.seconds)]


def in_batches(bench, title, arms, batches, requests):
    """{batch: {arm's name: [tokens a second of each turn]}}.

    requests: a function of a number of streams and of each one's requests that
    gives [[(prompt, load.request's other arguments)] of each stream], the same each
    time. A round that warms fills the caches of prompts, so that what is timed is
    mostly decoding.
    """
    speeds = {}
    servers = list({id(arm.server): arm.server for arm in arms}.values())
    for batch in batches:
        asked = requests(batch, REQUESTS_A_STREAM.get(batch, 1))

        def run(arm, batch=batch, asked=asked):
            lanes = [[load.request(arm.server, prompt, **fields, **arm.fields)
                      for prompt, fields in stream] for stream in asked]
            return load.flat(bench.load(arm.server, lanes))

        runs = {arm.name: lambda arm=arm: run(arm) for arm in arms}
        first = {name: call() for name, call in runs.items()}
        rounds = bench.turns.run(
            f"{title}, batch {batch}", runs, servers,
            bench.turns.num_rounds * TURNS_A_ROUND.get(batch, 1))
        plain = next(iter(first.values()))
        for name, answers in rounds.items():
            for each in [first[name], *answers]:
                check_same(f"{title}, {name}, batch {batch}", each, plain)
        speeds[batch] = {name: [load.throughput(each) for each in answers]
                         for name, answers in rounds.items()}
    return speeds


def slowest(speeds, arm, plain):
    """(least ratio to plain of all batches, {batch: (ratio, its standard error)}):
    medians of the ratios of single turns."""
    ratios = {batch: median_and_error(
        [ours / theirs for ours, theirs in zip(rates[arm], rates[plain])])
        for batch, rates in speeds.items()}
    return min((ratio for ratio, _ in ratios.values()), default=math.nan), ratios
