"""The command line of tools/benchmark serve."""

import argparse

STREAMS = (1, 4, 16, 64)
PROMPTS = (60, 1000)
SECTIONS = ("loads", "gap", "one-stream")


def _named(text):
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"expected NAME=DIR, got {text!r}")
    return name, value


def _counts(highest):
    def parse(text):
        try:
            numbers = [int(word) for word in text.split(",")]
        except ValueError:
            numbers = [0]
        if not all(1 <= number <= highest for number in numbers):
            raise argparse.ArgumentTypeError(
                f"expected numbers of 1 to {highest}, got {text!r}")
        return numbers
    return parse


def _count(text):
    (number, *more) = _counts(1000)(text)
    if more:
        raise argparse.ArgumentTypeError(f"expected one number, got {text!r}")
    return number


def _sections(text):
    names = text.split(",")
    for name in names:
        if name not in SECTIONS:
            raise argparse.ArgumentTypeError(
                f"{name!r} is none of {', '.join(SECTIONS)}")
    return [name for name in SECTIONS if name in names]


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="tools/benchmark serve",
        description="Serving speed beside a peer's on the same file, as Markdown "
        "tables: arms in turns, medians of rounds. Prompts are distinct, so that no "
        "cache helps.")
    parser.add_argument("--peer", type=_named, metavar="NAME=DIR",
                        help="a built tree of llama.cpp with llama-server")
    parser.add_argument("--model", metavar="FILE",
                        help="a GGUF file (default: the fetched one)")
    parser.add_argument("--rows", type=_sections, metavar="LIST",
                        default=list(SECTIONS),
                        help="of " + ",".join(SECTIONS) + " (default: all)")
    parser.add_argument("--streams", type=_counts(1024), metavar="LIST",
                        default=list(STREAMS),
                        help="streams at once (default: 1,4,16,64)")
    parser.add_argument("--prompts", type=_counts(8000), metavar="LIST",
                        default=list(PROMPTS),
                        help="tokens of a prompt (default: 60,1000)")
    parser.add_argument("--rounds", type=_count, default=3,
                        help="turns of all arms (default: 3)")
    parser.add_argument("--threads", type=_count, default=2, metavar="N",
                        help="of every engine (default: 2)")
    parser.add_argument("--kernels", default="auto",
                        choices=("auto", "amx", "avx512", "avx2", "reference"),
                        help="this project's (default: auto)")
    parser.add_argument("--json", metavar="FILE",
                        help="writes every figure and sample there")
    return parser.parse_args(arguments)
