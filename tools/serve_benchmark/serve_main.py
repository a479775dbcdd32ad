"""Prints this project's serving speed beside a peer's.

Called by tools/benchmark, which builds the binaries.
"""

import json
import os
import signal
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(os.path.dirname(_HERE))
sys.path.insert(1, os.path.join(_ROOT, "tools/comparison"))

import serve_options  # noqa: E402
import serve_table  # noqa: E402
from command import CommandFailed  # noqa: E402
from measure import OURS, Measurements  # noqa: E402
from servers import LlamaServer, TesseraServer  # noqa: E402
from tessera import Tessera, default_model  # noqa: E402

TESSERA = os.path.join(_ROOT, "bazel-bin/tools/tessera")
LOAD_CLIENT = os.path.join(_ROOT, "bazel-bin/tools/serve_benchmark/load_client")
TEXT = os.path.join(_ROOT, "tools/comparison/check_text.txt")


def _cpu():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        names = [line.split(":", 1)[1].strip() for line in info
                 if line.startswith("model name")]
    return names[0] if names else "unknown CPU"


def _measurements(options, model):
    arms = {OURS: TesseraServer(TESSERA, model, options.threads, options.kernels)}
    if options.peer:
        name, tree = options.peer
        arms[name] = LlamaServer(name, tree, model, options.threads)
    engine = Tessera(TESSERA, model, options.threads, options.kernels)
    with open(TEXT, encoding="utf-8") as file:
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
    # So that a server that was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    model = os.path.abspath(options.model) if options.model else default_model()
    try:
        if not os.path.isfile(model):
            raise CommandFailed(f"{model}: no such file")
        print(f"{os.path.basename(model)}, {options.threads} threads, {_cpu()}, "
              f"{options.rounds} rounds, answers of 64 tokens\n", flush=True)
        result = {"model": os.path.basename(model), "cpu": _cpu(),
                  "threads": options.threads, "rounds": options.rounds,
                  "kernels": options.kernels,
                  **_measure(options, _measurements(options, model))}
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                json.dump(result, file, indent=1)
                file.write("\n")
    except CommandFailed as error:
        print(f"tools/benchmark serve: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
