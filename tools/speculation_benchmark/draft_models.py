"""Draft models: one that is always right, and one that never is."""

import os
import tempfile

import gguf_layers
import tasks
from paired import Speeds, in_batches, one_after_another, slowest
from speculation_rows import ROWS

# Layers more, each of 2.2 MB: a pass reads 259 MB instead of 96, and in small
# models more of the time goes to reading.
ADDED_LAYERS = 74
USELESS_LAYERS = 4
ANSWER_TOKENS = 96
BATCH_TOKENS = 48
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


def batch_row(key, speeds, arm, detail):
    worst, ratios = slowest(speeds, arm, OFF)
    each = ", ".join(f"batch {batch}: {ratio:.3f}x ± {error:.3f}"
                     for batch, (ratio, error) in ratios.items())
    return ROWS.got(key, worst, f"{each}; {detail}",
                    {batch: rates for batch, rates in speeds.items()})


def _unrepeated(bench, title, batches, arms):
    """(speeds, what the last arm's drafts came to)."""
    with bench.running(arms, max(batches)) as servers:
        prompts = bench.prompts(servers[0])
        asked = tasks.unrepeated(prompts, max(max(batches), 8), PROMPT_TOKENS)
        speeds = in_batches(bench, title, servers, batches, lambda count: asked[:count],
                            BATCH_TOKENS)
        return speeds, acceptance_text(servers[-1])


def measure_useless_lookup(bench, batches):
    speeds, text = _unrepeated(bench, "nothing repeats", batches, [
        bench.tessera(OFF, "--speculation", "off"),
        bench.tessera(AUTO, "--speculation", "auto")])
    return [batch_row("useless_lookup", speeds, AUTO, text)]


def measure_useless_draft(bench, batches):
    with tempfile.TemporaryDirectory(prefix="tessera-benchmark-") as folder:
        draft = os.path.join(folder, "useless.gguf")
        gguf_layers.write_useless(bench.model, draft, USELESS_LAYERS)
        speeds, text = _unrepeated(bench, "useless draft", batches, [
            bench.tessera(OFF, "--speculation", "off"),
            bench.tessera(DRAFTED, "--speculation", "auto", "--draft-model", draft)])
    return [batch_row("useless_draft", speeds, DRAFTED, text)]


def measure_mixed(bench, batches):
    with bench.running([bench.tessera(OFF, "--speculation", "off"),
                        bench.tessera(AUTO, "--speculation", "auto")],
                       max(batches)) as servers:
        speeds = in_batches(bench, "mixed", servers, batches, tasks.mixed, BATCH_TOKENS)
        text = acceptance_text(servers[1])
    return [batch_row("mixed", speeds, AUTO, text)]
