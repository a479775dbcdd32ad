"""Prints this project's serving speed beside a peer's.

Called by tools/benchmark, which builds the binaries.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(os.path.dirname(_HERE), "comparison"))

import benchmark_run  # noqa: E402
import serve_options  # noqa: E402
import serve_table  # noqa: E402
from measure import OURS, Measurements  # noqa: E402
from servers import LlamaServer, TesseraServer  # noqa: E402
from tessera import Tessera  # noqa: E402

TESSERA = benchmark_run.binary("tools/tessera")
LOAD_CLIENT = benchmark_run.binary("tools/serve_benchmark/load_client")


def _measurements(options, model):
    # Neither engine drafts: `tools/benchmark speculate` says what that brings.
    arms = {OURS: TesseraServer(TESSERA, model, options.threads, options.kernels,
                                flags=("--speculation", "off"))}
    if options.peer:
        name, tree = options.peer
        arms[name] = LlamaServer(name, tree, model, options.threads)
    engine = Tessera(TESSERA, model, options.threads, options.kernels)
    with open(benchmark_run.TEXT, encoding="utf-8") as file:
        return Measurements(LOAD_CLIENT, engine, arms, file.read(), options.rounds)


def _measure_loads(options, measurements):
    """(loads as JSON, [Row]); prints each load as soon as it is known."""
    print(serve_table.load_head(), flush=True)
    loads, rows = [], []
    for prompt_tokens in options.prompts:
        for num_streams in options.streams:
            figures = measurements.load(num_streams, prompt_tokens)
            for each in figures:
                print(serve_table.load_line(each), flush=True)
                loads.append(each.as_json())
            rows += measurements.rows_of_load(figures)
    print()
    return loads, rows


def _measure(options, measurements):
    measurements.check_answers()
    loads, rows = [], []
    if "loads" in options.rows:
        loads, rows = _measure_loads(options, measurements)
    if "gap" in options.rows:
        rows += measurements.worst_gap()
    if "one-stream" in options.rows:
        rows += measurements.one_stream()
    peer = options.peer[0] if options.peer else None
    print(serve_table.row_head(peer))
    for row in rows:
        print(serve_table.row_line(row, peer))
    shares = measurements.shares_of_others
    print(f"\nOther processes took at most {max(shares, default=0):.0%} of the CPU "
          "during a measurement.")
    return {"loads": loads, "rows": [row.as_json() for row in rows],
            "shares_of_others": shares}


def main(arguments):
    options = serve_options.parse(arguments)
    return benchmark_run.run(
        "tools/benchmark serve", options,
        f"{options.rounds} rounds, answers of 64 tokens",
        lambda model: _measure(options, _measurements(options, model)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
