"""Prints this project's speed beside the machine's limits and beside peers.

Called by tools/benchmark, which builds the binaries.
"""

import json
import os
import platform
import sys

import model_shape
import options as command_line
import table
from answers import AnswerCheck
from command import CommandFailed
from comparison import Comparison
from copies import Copies, check_file
from formats import FORMATS, Formats
from peer import Peer
from tessera import Probe, Tessera, default_model

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TESSERA = os.path.join(_ROOT, "bazel-bin/tools/tessera")
PROBE = os.path.join(_ROOT, "bazel-bin/tools/comparison/probe")


def _cpu():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def _disturbance_line(disturbance):
    worst = max(disturbance.shares, default=0)
    return (f"Other processes took at most {worst:.0%} of the CPU during a call; "
            f"{disturbance.num_disturbed} of {len(disturbance.shares)} calls "
            f"were disturbed by more than 5%, {disturbance.repeated} were "
            "measured again.")


def _heading(options, model):
    return (f"{os.path.basename(model)}, {options.threads} threads, {_cpu()}, "
            f"kernels {options.kernels}, medians of {options.rounds} rounds")


def _measure(parts, rows_of, peers):
    """The rows of all parts, each printed as soon as it is known."""
    names = [peer.name for peer in peers]
    print(table.head(names), flush=True)
    rows = []
    for part in parts:
        for row in rows_of(part):
            print(table.line(row, names), flush=True)
            rows.append(row.as_json())
    print()
    return rows


def _compare(options, model, peers, copies):
    engine = Tessera(TESSERA, model, options.threads, options.kernels)
    shape = model_shape.read(engine.inspect())
    named = dict(options.peer_prefill_model)

    def prefill_model(peer):
        if peer.name in named:
            path = os.path.abspath(named[peer.name])
            return check_file(path), os.path.basename(path)
        if shape.type_name == "Q8_0":
            return model, "Q8_0"
        return copies.get(peer, model, "Q8_0"), "Q8_0"

    check = AnswerCheck(engine)
    compared = Comparison(engine, Probe(PROBE, options.threads, options.kernels),
                          peers, check, shape, prefill_model, options.rounds)
    rows = _measure(options.rows, compared.rows, peers)
    for answer in check.answers:
        print(answer)
    print(_disturbance_line(compared.disturbance))
    return {"rows": rows,
            "answers": [dict(answer._asdict(), is_right=answer.is_right)
                        for answer in check.answers],
            "shares_of_others": compared.disturbance.shares}


def _compare_formats(options, model, peers, copies):
    print("Requantized copies: times alone, no answer is checked. Q4_K and Q6_K "
          "on a model of random weights.\n")
    compared = Formats((TESSERA, PROBE), peers, copies, model, options.threads,
                       options.rounds)
    rows = _measure(options.format or FORMATS, compared.rows, peers)
    print(_disturbance_line(compared.disturbance))
    return {"rows": rows, "shares_of_others": compared.disturbance.shares}


def main(arguments):
    options = command_line.parse(arguments)
    copies = Copies(options.scratch)
    try:
        model = check_file(os.path.abspath(options.model) if options.model
                           else default_model())
        peers = [Peer(name, tree, model, options.threads, copies.folder())
                 for name, tree in options.peer]
        print(_heading(options, model) + "\n")
        run = _compare_formats if options.formats else _compare
        result = {"model": os.path.basename(model), "cpu": _cpu(),
                  "threads": options.threads, "rounds": options.rounds,
                  "kernels": options.kernels,
                  **run(options, model, peers, copies)}
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                json.dump(result, file, indent=1)
                file.write("\n")
    except CommandFailed as error:
        print(f"tools/benchmark: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        copies.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
