"""The command line of tools/benchmark serve."""

import argparse

import flags

STREAMS = (1, 4, 16, 64)
PROMPTS = (60, 1000)
SECTIONS = ("loads", "gap", "one-stream")


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="tools/benchmark serve",
        description="Serving speed beside a peer's on the same file, as Markdown "
        "tables: arms in turns, medians of rounds. Prompts are distinct, so that no "
        "cache helps.")
    flags.add_server_peer(parser)
    flags.add_shared(parser, SECTIONS, num_rounds=3)
    parser.add_argument("--streams", type=flags.counts(1024), metavar="LIST",
                        default=list(STREAMS),
                        help="streams at once (default: 1,4,16,64)")
    parser.add_argument("--prompts", type=flags.counts(8000), metavar="LIST",
                        default=list(PROMPTS),
                        help="tokens of a prompt (default: 60,1000)")
    return parser.parse_args(arguments)
