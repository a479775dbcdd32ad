"""Prints this project's speed beside the machine's limits and beside peers.

Called by tools/benchmark, which builds the binaries.
"""

import os
import sys

import benchmark_run
import model_shape
import options as command_line
import table
from answers import AnswerCheck
from comparison import Comparison
from copies import Copies, check_file
from formats import FORMATS, Formats
from peer import Peer
from tessera import Probe, Tessera

TESSERA = benchmark_run.binary("tools/tessera")
PROBE = benchmark_run.binary("tools/comparison/probe")


def _disturbance_line(disturbance):
    worst = max(disturbance.shares, default=0)
    return (f"Other processes took at most {worst:.0%} of the CPU during a call; "
            f"{disturbance.num_disturbed} of {len(disturbance.shares)} calls "
            f"were disturbed by more than 5%, {disturbance.repeated} were "
            "measured again.")


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
    compare = _compare_formats if options.formats else _compare

    def measure(model):
        peers = [Peer(name, tree, model, options.threads, copies.folder())
                 for name, tree in options.peer]
        return compare(options, model, peers, copies)

    try:
        return benchmark_run.run("tools/benchmark", options,
                                 f"medians of {options.rounds} rounds", measure)
    finally:
        copies.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
