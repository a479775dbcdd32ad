"""What a cache costs those who have nothing in it."""

import dataclasses
import math
import statistics

import load
from bars import itself
from cache_rows import ROWS
from command import CommandFailed
from store_process import StoreProcess
from workbench import check_same

STREAMS, PROMPT_TOKENS, ANSWER_TOKENS = 8, 240, 16
STORE_BYTES = "512MiB"


def cost_percent(cached, plain):
    """(how much longer the one takes than the other, its standard error), of
    times of the same rounds."""
    costs = [100 * (one / other - 1) for one, other in zip(cached, plain)]
    # Of a median of normal samples.
    error = (1.2533 * statistics.stdev(costs) / math.sqrt(len(costs))
             if len(costs) > 1 else math.inf)
    return statistics.median(costs), error


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


def measure(bench, num_rounds):
    with StoreProcess(bench, STORE_BYTES) as store:
        arms = [bench.tessera(name, "--speculation", "off", *flags)
                for name, flags in (("on", ()), ("off", ("--prefix-cache", "off")),
                                    ("store", ("--prefix-cache", store.address)))]
        with bench.running(arms) as servers:
            # The same prompts for each in a round, new ones in the next.
            made = bench.prompts(servers[0])
            asked = {}

            def run(server):
                done = asked.setdefault(server.name, [])
                while len(rounds_of_prompts) <= len(done):
                    rounds_of_prompts.append([made.next(PROMPT_TOKENS)
                                              for _ in range(STREAMS)])
                prompts = rounds_of_prompts[len(done)]
                answers = load.flat(bench.load(server, [
                    [load.request(server, prompt, ANSWER_TOKENS)]
                    for prompt in prompts]))
                done.append(answers)
                return answers

            rounds_of_prompts = []
            rounds = bench.turns.run(
                "no hit", {server.name: lambda server=server: run(server)
                           for server in servers}, servers, num_rounds)
    for arm in ("on", "store"):
        for answers, plain in zip(rounds[arm], rounds["off"]):
            check_same(f"no hit, {arm}", answers, plain)
            if any(answer.reply.cached_tokens for answer in answers):
                raise CommandFailed("a prompt that nobody sent before was cached")
    return [_row("no_hit_engine", rounds, "on"), _row("no_hit_store", rounds, "store")]
