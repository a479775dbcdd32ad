"""What a cache costs those who have nothing in it."""

import dataclasses
import time

import load
from bars import itself
from cache_rows import ROWS
from command import CommandFailed
from store_process import StoreProcess
from turns import median_and_error
from workbench import check_same

STREAMS, REQUESTS_A_STREAM, PROMPT_TOKENS, ANSWER_TOKENS = 8, 2, 240, 16
# So that what is put off one arm's requests is not on the next arm's time; what is
# put off the first request of a stream is on the second's.
SETTLE_S = 0.3
STORE_BYTES = "512MiB"
# Blocks for 5,800 tokens: WARM_ROUNDS, which do not count, touch all of them for
# the first time, and from then on blocks are evicted, as in a server that has run
# for a while. The first touch of memory costs more than a block's computing lets
# one ignore (README.md), and without a cache few blocks are ever touched.
KV_MEMORY = "256MiB"
WARM_ROUNDS = 2


def cost_percent(cached, plain):
    """(how much longer the one takes than the other, its standard error), of
    times of the same rounds."""
    return median_and_error([100 * (one / other - 1)
                             for one, other in zip(cached, plain)])


def _seconds(answers):
    return (max(answer.end_s for answer in answers) -
            min(answer.sent_s for answer in answers))


def _row(key, rounds, arm):
    times = {name: [_seconds(answers) for answers in rounds[name]]
             for name in (arm, "off")}
    cost, error = cost_percent(times[arm], times["off"])
    row = ROWS.got(key, cost, f"± {error:.1f}, {len(times[arm])} rounds", times)
    # Within the error it cannot be told from nothing.
    return dataclasses.replace(row, aim=itself(error, row.aim.words))


class Load:
    """The same prompts for each server in a round, new ones in the next."""

    def __init__(self, bench, prompts):
        self._bench, self._prompts = bench, prompts
        self._rounds = []  # of prompts
        self._done = {}    # {server's name: rounds}

    def _round(self, number):
        if number == len(self._rounds):
            self._rounds.append([self._prompts.next(PROMPT_TOKENS)
                                 for _ in range(STREAMS * REQUESTS_A_STREAM)])
        return self._rounds[number]

    def run(self, server):
        """Answers."""
        number = self._done.get(server.name, 0)
        self._done[server.name] = number + 1
        planned = [load.request(server, prompt, ANSWER_TOKENS)
                   for prompt in self._round(number)]
        answers = load.flat(self._bench.load(
            server, [planned[stream::STREAMS] for stream in range(STREAMS)]))
        time.sleep(SETTLE_S)
        return answers


def _check(arm, rounds, plain_rounds):
    for answers, plain in zip(rounds, plain_rounds):
        check_same(f"no hit, {arm}", answers, plain)
        if any(answer.reply.cached_tokens for answer in answers):
            raise CommandFailed("a prompt that nobody sent before was cached")


def measure(bench, num_rounds):
    with StoreProcess(bench, STORE_BYTES) as store:
        arms = [bench.tessera(name, "--speculation", "off",
                              "--kv-memory", KV_MEMORY, *flags)
                for name, flags in (("on", ()), ("off", ("--prefix-cache", "off")),
                                    ("store", ("--prefix-cache", store.address)))]
        with bench.running(arms) as servers:
            same = Load(bench, bench.prompts(servers[0]))
            rounds = bench.turns.run(
                "no hit", {server.name: lambda server=server: same.run(server)
                           for server in servers}, servers,
                WARM_ROUNDS + num_rounds)
    rounds = {name: own[WARM_ROUNDS:] for name, own in rounds.items()}
    for arm in ("on", "store"):
        _check(arm, rounds[arm], rounds["off"])
    return [_row("no_hit_engine", rounds, "on"), _row("no_hit_store", rounds, "store")]
