"""The command line of tools/benchmark cache."""

import argparse

import flags

SECTIONS = ("conversations", "engine", "store-memory", "store-disk", "store-get",
            "no-hit", "tree")


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="tools/benchmark cache",
        description="What the caches save and cost, as one Markdown table: arms in "
        "turns, medians, answers checked. See tools/cache_benchmark/README.md for "
        "what each row means.")
    flags.add_server_peer(parser)
    flags.add_shared(parser, SECTIONS, num_rounds=15)
    parser.add_argument("--quick", action="store_true",
                        help="a minute's worth, to see that it works: its figures "
                        "are no measurements")
    return parser.parse_args(arguments)
