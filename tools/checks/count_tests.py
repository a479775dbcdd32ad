#!/usr/bin/env python3
"""Counts test targets in Bazel's build event file: prints "PASSED FAILED".

usage: count_tests.py EVENTS BAZEL_EXIT_STATUS

Each test target counts once, skipped ones not at all. A target that does not
build counts as a failure, and so does a Bazel that stopped for another reason.
"""

import json
import sys

BAZEL_OK = 0
BAZEL_TESTS_FAILED = 3
PASSING = ("PASSED", "FLAKY")
SKIPPED = ("SKIPPED", "NO_BUILD")


def count(events, status):
    """events: iterable of parsed build events. Returns (passed, failed)."""
    outcome = {}
    for event in events:
        identity = event.get("id", {})
        if "testSummary" in identity:
            label = identity["testSummary"]["label"]
            result = event.get("testSummary", {}).get("overallStatus")
            outcome[label] = result in PASSING
        elif "targetCompleted" in identity:
            label = identity["targetCompleted"]["label"]
            if event.get("aborted", {}).get("reason") in SKIPPED:
                continue
            if not event.get("completed", {}).get("success"):
                outcome[label] = False
        elif "aborted" in event and "pattern" in identity:
            outcome[str(identity["pattern"])] = False
    passed = sum(outcome.values())
    failed = len(outcome) - passed
    if status not in (BAZEL_OK, BAZEL_TESTS_FAILED) and failed == 0:
        failed = 1  # an error that no target carries: a BUILD file, a crash
    if status == BAZEL_TESTS_FAILED and failed == 0:
        failed = 1
    return passed, failed


def main(arguments):
    path, status = arguments
    with open(path, encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines if line.strip()]
    print(*count(events, int(status)))


if __name__ == "__main__":
    main(sys.argv[1:])
