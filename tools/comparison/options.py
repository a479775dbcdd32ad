"""The command line of tools/benchmark, checked."""

import argparse

import comparison
import flags

_EPILOG = """A peer is a built tree of llama.cpp or ik_llama.cpp: DIR/build/bin holds its
llama-bench, llama-perplexity and llama-quantize. Its answers are checked before
its time counts. See tools/comparison/README.md for what each row means."""


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="tools/benchmark", epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Speed beside the machine's limits and beside peers, in one "
        "table: arms interleaved, medians.")
    parser.add_argument("--peer", action="append", default=[],
                        type=flags.named("NAME=DIR"), metavar="NAME=DIR",
                        help="a built tree; may be repeated")
    parser.add_argument("--peer-prefill-model", action="append", default=[],
                        type=flags.named("NAME=FILE"), metavar="NAME=FILE",
                        help="what a peer's prefill is timed on, instead of a "
                        "Q8_0 copy that its llama-quantize makes")
    parser.add_argument("--formats", action="store_true",
                        help="instead: each fast format and kernel set")
    parser.add_argument("--format", action="append", metavar="TYPE",
                        help="with --formats: only this one; may be repeated")
    parser.add_argument("--scratch", metavar="DIR",
                        help="keeps requantized copies there (default: a "
                        "temporary folder)")
    flags.add_shared(parser, comparison.SECTIONS, num_rounds=5)
    options = parser.parse_args(arguments)
    _check(parser, options)
    return options


def _check(parser, options):
    names = [name for name, _ in options.peer]
    for name in names:
        if names.count(name) > 1:
            parser.error(f"--peer: two are named {name}")
    for name, _ in options.peer_prefill_model:
        if name not in names:
            parser.error(f"--peer-prefill-model: no --peer is named {name}")
    if options.formats and not options.peer:
        parser.error("--formats makes its copies with a peer's llama-quantize: "
                     "give a --peer")
    if options.format and not options.formats:
        parser.error("--format belongs to --formats")
