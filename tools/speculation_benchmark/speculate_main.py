"""Prints what drafting saves and costs.

Called by tools/benchmark, which builds the binaries.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(os.path.dirname(_HERE), name)
                 for name in ("serve_benchmark", "comparison")]

import draft_models  # noqa: E402
import repeated_answers  # noqa: E402
import speculate_options  # noqa: E402
import workbench  # noqa: E402
from speculation_rows import ROWS  # noqa: E402


def sections(options, bench):
    """{section: (keys of its rows, what measures them)}."""
    batches = options.batches
    return {
        "lookup": (("lookup",), lambda: repeated_answers.measure_lookup(bench)),
        "prediction": (("prediction",),
                       lambda: repeated_answers.measure_prediction(bench)),
        "draft-model": (("draft_model",), lambda: draft_models.measure_perfect(bench)),
        "useless-lookup": (("useless_lookup",), lambda:
                           draft_models.measure_useless_lookup(bench, batches)),
        "useless-draft": (("useless_draft",), lambda:
                          draft_models.measure_useless_draft(bench, batches)),
        "mixed": (("mixed",), lambda: draft_models.measure_mixed(bench, batches)),
    }


def main(arguments):
    return workbench.main("tools/benchmark speculate", speculate_options.parse(arguments),
                          ROWS, sections)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
