#!/usr/bin/env python3
"""count_tests.py over the events that Bazel 4.2 writes."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from count_tests import count  # noqa: E402


def test_summary(label, status):
    return {"id": {"testSummary": {"label": label}},
            "testSummary": {"overallStatus": status}}


def completed(label, success):
    return {"id": {"targetCompleted": {"label": label}},
            "completed": {"success": True} if success else {}}


class CountTestsTest(unittest.TestCase):
    def test_counts_each_test_target_once(self):
        events = [completed("//a", True), completed("//lib", True),
                  test_summary("//a", "PASSED"), test_summary("//b", "FAILED"),
                  test_summary("//c", "TIMEOUT")]
        self.assertEqual((1, 2), count(events, 3))

    def test_a_target_that_does_not_build_fails(self):
        events = [completed("//a", False), test_summary("//b", "PASSED")]
        self.assertEqual((1, 1), count(events, 1))

    def test_a_skipped_target_does_not_count(self):
        events = [{"id": {"targetCompleted": {"label": "//cuda"}},
                   "aborted": {"reason": "SKIPPED"}},
                  test_summary("//b", "PASSED")]
        self.assertEqual((1, 0), count(events, 0))

    def test_an_error_without_a_target_fails(self):
        self.assertEqual((0, 1), count([], 1))
        self.assertEqual((1, 1), count([test_summary("//b", "PASSED")], 37))

    def test_a_broken_package_fails(self):
        events = [{"id": {"pattern": {"pattern": ["//..."]}},
                   "aborted": {"reason": "LOADING_FAILURE"}}]
        self.assertEqual((0, 1), count(events, 1))


if __name__ == "__main__":
    unittest.main()
