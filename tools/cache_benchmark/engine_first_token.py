"""Time to first token where 4,000 tokens lie in the engine's own cache."""

import statistics

import load
from cache_rows import ROWS
from command import CommandFailed
from workbench import check_same

CACHED_TOKENS, NEW_TOKENS = 4000, 16
ANSWER_TOKENS = 4
NUM_CHECKED = 2


def measure(bench, num_pairs):
    arms = [bench.tessera("tessera"), bench.tessera("no cache", "--prefix-cache", "off")]
    with bench.running(arms) as (server, plain):
        prompts = bench.prompts(server)
        stem = prompts.next(CACHED_TOKENS)
        bench.ask(server, [*stem, *prompts.next(NEW_TOKENS)], ANSWER_TOKENS)
        ends = [prompts.next(NEW_TOKENS) for _ in range(2 * num_pairs)]
        asked = [[*stem, *end] if index % 2 else end for index, end in enumerate(ends)]
        with bench.turns.watched([server]):
            (answers,) = bench.load(server, [[load.request(server, prompt, ANSWER_TOKENS)
                                              for prompt in asked]])
        hits, misses = answers[1::2], answers[::2]
        for answer in hits:
            if answer.reply.cached_tokens != CACHED_TOKENS:
                raise CommandFailed(f"{answer.reply.cached_tokens} tokens were cached "
                                    f"of {CACHED_TOKENS}")
        check_same("with a cache and without", hits[:NUM_CHECKED],
                   [bench.ask(plain, prompt, ANSWER_TOKENS)
                    for prompt in asked[1:2 * NUM_CHECKED:2]])
    times = {name: [answer.first_token_s for answer in group]
             for name, group in (("4,016 tokens", hits), ("16 tokens", misses))}
    long, short = (statistics.median(each) for each in times.values())
    return [ROWS.got("engine_first_token", long - short,
                     f"{long * 1e3:.1f} ms against {short * 1e3:.1f} ms", times)]
