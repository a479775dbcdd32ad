#!/usr/bin/env python3
"""bench_json.py on what llama.cpp's and ik_llama.cpp's llama-bench wrote."""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from bench_json import Work, parse  # noqa: E402
from command import CommandFailed  # noqa: E402


def recorded(name):
    with open(os.path.join(HERE, "testdata", name), encoding="utf-8") as file:
        return file.read()


class BenchJsonTest(unittest.TestCase):
    def test_reads_seconds_by_work(self):
        self.assertEqual({Work(512, 0, 4096): [4.1, 4.3],
                          Work(0, 32, 4096): [0.727, 0.729]},
                         parse(recorded("llama_cpp_bench.json")))

    def test_a_bench_without_depth_is_at_depth_0(self):
        samples = parse(recorded("ik_llama_cpp_bench.json"))
        self.assertEqual([Work(8, 0, 0)], list(samples))

    def test_drops_repetitions_that_warm_up(self):
        samples = parse(recorded("ik_llama_cpp_bench.json"), drop=1)
        self.assertEqual([0.015, 0.014], samples[Work(8, 0, 0)])

    def test_what_stands_before_the_json_is_skipped(self):
        self.assertEqual({}, parse("a log line\n[]"))

    def test_says_what_came_instead_of_json(self):
        for text in ("", "usage: llama-bench", "[{\"n_prompt\": 1}]", "[1]"):
            with self.assertRaises(CommandFailed, msg=text):
                parse(text)


if __name__ == "__main__":
    unittest.main()
