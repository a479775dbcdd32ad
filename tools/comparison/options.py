"""The command line of tools/benchmark, checked."""

import argparse

import comparison

_EPILOG = """A peer is a built tree of llama.cpp or ik_llama.cpp: DIR/build/bin holds its
llama-bench, llama-perplexity and llama-quantize. Its answers are checked before
its time counts. See tools/comparison/README.md for what each row means."""


def _named(text):
    name, separator, value = text.partition("=")
    if not (name and separator and value):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    return name, value


def _sections(text):
    names = text.split(",")
    for name in names:
        if name not in comparison.SECTIONS:
            raise argparse.ArgumentTypeError(
                f"{name!r} is none of {', '.join(comparison.SECTIONS)}")
    return [name for name in comparison.SECTIONS if name in names]


def _count(text):
    value = int(text)
    if not 1 <= value <= 1000:
        raise argparse.ArgumentTypeError("expected 1 to 1000")
    return value


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="tools/benchmark", epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Speed beside the machine's limits and beside peers, in one "
        "table: arms interleaved, medians.")
    parser.add_argument("--peer", action="append", default=[], type=_named,
                        metavar="NAME=DIR", help="a built tree; may be repeated")
    parser.add_argument("--peer-prefill-model", action="append", default=[],
                        type=_named, metavar="NAME=FILE",
                        help="what a peer's prefill is timed on, instead of a "
                        "Q8_0 copy that its llama-quantize makes")
    parser.add_argument("--model", metavar="FILE",
                        help="a GGUF file (default: the fetched one)")
    parser.add_argument("--rows", type=_sections, metavar="LIST",
                        default=list(comparison.SECTIONS),
                        help="of " + ",".join(comparison.SECTIONS) +
                        " (default: all)")
    parser.add_argument("--formats", action="store_true",
                        help="instead: each fast format and kernel set")
    parser.add_argument("--format", action="append", metavar="TYPE",
                        help="with --formats: only this one; may be repeated")
    parser.add_argument("--rounds", type=_count, default=5,
                        help="turns of all arms (default: 5)")
    parser.add_argument("--threads", type=_count, default=2, metavar="N",
                        help="of every engine (default: 2)")
    parser.add_argument("--kernels", default="auto",
                        choices=("auto", "amx", "avx512", "avx2", "reference"),
                        help="this project's (default: auto)")
    parser.add_argument("--scratch", metavar="DIR",
                        help="keeps requantized copies there (default: a "
                        "temporary folder)")
    parser.add_argument("--json", metavar="FILE",
                        help="writes every figure and sample there")
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
