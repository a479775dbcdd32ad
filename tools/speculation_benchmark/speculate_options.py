"""The command line of tools/benchmark speculate."""

import argparse

import flags

SECTIONS = ("lookup", "prediction", "draft-model", "useless-lookup", "useless-draft",
            "mixed")
BATCHES = (1, 4, 16, 64)


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="tools/benchmark speculate",
        description="What drafting saves and costs, as one Markdown table: arms in "
        "turns, medians, answers checked. See tools/speculation_benchmark/README.md "
        "for what each row means.")
    flags.add_shared(parser, SECTIONS, num_rounds=5)
    parser.add_argument("--batches", type=flags.counts(1024), metavar="LIST",
                        default=list(BATCHES),
                        help="streams at once (default: 1,4,16,64)")
    parser.add_argument("--quick", action="store_true",
                        help="a minute's worth, to see that it works: its figures "
                        "are no measurements")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.batches = 1, options.batches[:2]
    return options
