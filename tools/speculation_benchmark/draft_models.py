"""Draft models: one that is always right, and one that never is."""

import functools
import os
import tempfile

import gguf_layers
import tasks
from paired import Arm, Speeds, in_batches, one_after_another, slowest
from speculation_rows import ROWS

# Layers more, each of 2.2 MB: a pass reads 259 MB instead of 96, and in small
# models more of the time goes to reading.
ADDED_LAYERS = 74
USELESS_LAYERS = 4
ANSWER_TOKENS = 96
PROMPT_TOKENS = 60
OFF, AUTO, DRAFTED, ALONE = "off", "auto", "drafted", "draft alone"


def acceptance(server):
    """(drafted tokens, accepted) since the server began."""
    return tuple(server.counter(f"tessera_spec_decode_num_{kind}_tokens_total")
                 for kind in ("draft", "accepted"))


def acceptance_text(server):
    drafted, kept = acceptance(server)
    share = f", {kept / drafted:.0%} of them accepted" if drafted else ""
    return f"{drafted:,.0f} tokens drafted{share}"


def measure_perfect(bench):
    asked = {name: tasks.chat(text) for name, text in tasks.WRITING.items()}
    with tempfile.TemporaryDirectory(prefix="tessera-benchmark-") as folder:
        target = os.path.join(folder, "padded.gguf")
        gguf_layers.write_padded(bench.model, target, ADDED_LAYERS)
        arms = [bench.tessera(OFF, "--speculation", "off", model=target),
                bench.tessera(DRAFTED, "--speculation", "auto", "--draft-model",
                              bench.model, model=target),
                bench.tessera(ALONE, "--speculation", "off")]
        with bench.running(arms) as servers:
            # All three answer alike, or this fails: the layers add nothing.
            heard = one_after_another(bench, "draft model", servers, asked,
                                      ANSWER_TOKENS)
            text = acceptance_text(servers[1])
    plain, fast, alone = (Speeds(heard[name]) for name in (OFF, DRAFTED, ALONE))
    return [ROWS.got("draft_model", fast.rate / plain.rate,
                     f"{fast.rate:.0f} tok/s against {plain.rate:.0f}; the target costs "
                     f"{alone.rate / plain.rate:.1f} times the draft; {text}",
                     {name: Speeds(heard[name]).seconds for name in heard})]


def batch_row(key, speeds, detail):
    worst, ratios = slowest(speeds, AUTO, OFF)
    each = ", ".join(f"batch {batch}: {ratio:.3f}x ± {error:.3f}"
                     for batch, (ratio, error) in ratios.items())
    return ROWS.got(key, worst, f"{each}; {detail}",
                    {batch: rates for batch, rates in speeds.items()})


def _against_itself(bench, title, batches, requests, *flags):
    """(speeds of the arms OFF and AUTO, what the drafts came to).

    Of one server, half of whose turns ask for no drafts: where a process comes to
    lie in memory alone makes it up to a tenth faster or slower than the same
    beside it, for as long as it lives. requests(server, number of streams, requests
    of each): what is asked.
    """
    with bench.running([bench.tessera(AUTO, "--speculation", "auto", *flags)],
                       max(batches)) as (server,):
        speeds = in_batches(
            bench, title, [Arm(OFF, server, {"max_draft_tokens": 0}), Arm(AUTO, server)],
            batches, functools.partial(requests, server))
        return speeds, acceptance_text(server)


def _unrepeated(bench):
    return lambda server, *counts: tasks.unrepeated(bench.prompts(server), *counts,
                                                    PROMPT_TOKENS)


def measure_useless_lookup(bench, batches):
    speeds, text = _against_itself(bench, "nothing repeats", batches, _unrepeated(bench))
    return [batch_row("useless_lookup", speeds, text)]


def measure_useless_draft(bench, batches):
    with tempfile.TemporaryDirectory(prefix="tessera-benchmark-") as folder:
        draft = os.path.join(folder, "useless.gguf")
        gguf_layers.write_useless(bench.model, draft, USELESS_LAYERS)
        speeds, text = _against_itself(bench, "useless draft", batches,
                                       _unrepeated(bench), "--draft-model", draft)
    return [batch_row("useless_draft", speeds, text)]


def measure_mixed(bench, batches):
    speeds, text = _against_itself(bench, "mixed", batches,
                                   lambda _, *counts: tasks.mixed(*counts))
    return [batch_row("mixed", speeds, text)]
