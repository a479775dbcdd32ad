"""Flags that the command lines of tools/benchmark share."""

import argparse

KERNELS = ("auto", "amx", "avx512", "avx2", "reference")


def named(form):
    """Parses NAME=VALUE; `form` is how a refusal spells it."""
    def parse(text):
        name, separator, value = text.partition("=")
        if not (name and separator and value):
            raise argparse.ArgumentTypeError(f"expected {form}, got {text!r}")
        return name, value
    return parse


def counts(highest):
    """Parses 1,4,16."""
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


def count(text):
    (number, *more) = counts(1000)(text)
    if more:
        raise argparse.ArgumentTypeError(f"expected one number, got {text!r}")
    return number


def _subset(names):
    def parse(text):
        wanted = text.split(",")
        for name in wanted:
            if name not in names:
                raise argparse.ArgumentTypeError(
                    f"{name!r} is none of {', '.join(names)}")
        return [name for name in names if name in wanted]
    return parse


def add_shared(parser, sections, num_rounds):
    """--model, --rows, --rounds, --threads, --kernels, --json."""
    parser.add_argument("--model", metavar="FILE",
                        help="a GGUF file (default: the fetched one)")
    parser.add_argument("--rows", type=_subset(sections), metavar="LIST",
                        default=list(sections),
                        help="of " + ",".join(sections) + " (default: all)")
    parser.add_argument("--rounds", type=count, default=num_rounds,
                        help=f"turns of all arms (default: {num_rounds})")
    parser.add_argument("--threads", type=count, default=2, metavar="N",
                        help="of every engine (default: 2)")
    parser.add_argument("--kernels", default="auto", choices=KERNELS,
                        help="this project's (default: auto)")
    parser.add_argument("--json", metavar="FILE",
                        help="writes every figure and sample there")


def add_server_peer(parser):
    """--peer of those that have at most one, which serves."""
    parser.add_argument("--peer", type=named("NAME=DIR"), metavar="NAME=DIR",
                        help="a built tree of llama.cpp with llama-server")
