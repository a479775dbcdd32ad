#!/usr/bin/env python3
"""Costs, other benchmarks' output, and the command line."""

import contextlib
import io
import json
import math
import os
import sys
import unittest
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, *(os.path.join(os.path.dirname(HERE), name)
                        for name in ("serve_benchmark", "comparison"))]
import bars  # noqa: E402
import cache_main  # noqa: E402
import cache_options  # noqa: E402
import no_hit  # noqa: E402
import parts  # noqa: E402
import stored_tokens  # noqa: E402
from cache_rows import ROWS  # noqa: E402
from command import CommandFailed  # noqa: E402
from load import Answer  # noqa: E402
from prompts import Prompts  # noqa: E402


def answer(seconds, token_ids=(1,), cached=0):
    body = json.dumps({
        "choices": [{"text": "x", "token_ids": list(token_ids)}],
        "usage": {"prompt_tokens": 4016, "prompt_tokens_details":
                  {"cached_tokens": cached}}})
    return Answer(0, [seconds], seconds, 200, 1, "", f"data: {body}\n\n")


class NoHitTest(unittest.TestCase):
    def test_a_cost_is_the_median_of_the_rounds(self):
        # Each 2% over its own round's, whatever the machine did meanwhile.
        cost, error = no_hit.cost_percent([1.02, 2.04, 3.06], [1, 2, 3])
        self.assertAlmostEqual(2, cost)
        self.assertAlmostEqual(0, error)
        self.assertEqual(math.inf, no_hit.cost_percent([1], [1])[1])

    def test_all_servers_get_the_same_prompts_in_a_round(self):
        class Server:
            model_name, more_fields = "m", {}

            def __init__(self, name):
                self.name = name

        class Bench:
            asked = []

            def load(self, server, lanes):
                self.asked.append([json.loads(each["body"])["prompt"]
                                   for lane in lanes for each in lane])
                return []
        same = no_hit.Load(Bench(), Prompts([600, 601, 602], 1))
        with mock.patch("time.sleep"):
            for name in "abba":
                same.run(Server(name))
        first, second, third, fourth = Bench.asked
        self.assertEqual((first, third), (second, fourth))
        self.assertNotEqual(first, third)
        self.assertEqual(16, len({tuple(prompt) for prompt in first}))

    def row(self, times, plain):
        rounds = {"on": [[answer(each)] for each in times],
                  "off": [[answer(each)] for each in plain]}
        return no_hit._row("no_hit_engine", rounds, "on")

    def test_a_cost_within_its_error_is_unmeasurable(self):
        for times, verdict in (([1.05, 0.95, 1.005], bars.AIMED),
                               ([1.005, 1.0051, 1.0049], bars.REACHED),
                               ([1.05, 1.051, 1.049], bars.MISSED)):
            self.assertEqual(verdict, self.row(times, [1, 1, 1]).verdict, times)


class PartsTest(unittest.TestCase):
    def test_store_throughput_is_of_get_over_grpc(self):
        text = ("put, gRPC   0.92 GB/s  100.7 ms\nget, gRPC      2.76 GB/s   33 ms\n"
                "get, in process  6.66 GB/s\n")
        self.assertEqual(2.76, parts.parse_store_get(text))
        with self.assertRaises(CommandFailed):
            parts.parse_store_get("get, in process  6.66 GB/s\n")

    def test_time_a_block(self):
        text = json.dumps({"benchmarks": [
            {"name": "Match/1000", "time/block": 2.5e-7},
            {"name": "Miss/1000", "cpu_time": 9},
            {"name": "Next/32", "cpu_time": 237.0, "time_unit": "ns"}]})
        self.assertEqual({"Match/1000": 0.25}, parts.parse_microseconds_per_block(text))
        self.assertAlmostEqual(0.237, parts.parse_hash(text, "Next/32"))
        with self.assertRaisesRegex(CommandFailed, "no benchmark is named Next/64"):
            parts.parse_hash(text, "Next/64")


class FakeBench:
    """Takes 0.5 s of a server that has it stored, 2 s of another."""

    class turns:
        @staticmethod
        def watched(_):
            return contextlib.nullcontext()

    def __init__(self, cached, wrong=False):
        self._cached, self._wrong = cached, wrong

    def ask(self, server, prompt, num_tokens):
        del num_tokens
        stored = server == "stored"
        token = prompt + (self._wrong and stored)
        return answer(0.5 if stored else 2, [token], self._cached if stored else 0)


class StoredTest(unittest.TestCase):
    def timing(self, **more):
        return stored_tokens.Timing(FakeBench(**more), "stored", "plain", [5, 6, 7])

    def test_loading_is_compared_with_computing(self):
        row = self.timing(cached=4000).row("store_memory")
        self.assertAlmostEqual(4, row.ours)
        self.assertEqual(bars.REACHED, row.verdict)

    def test_other_answers_are_no_measurement(self):
        with self.assertRaisesRegex(CommandFailed, "WRONG ANSWERS"):
            self.timing(cached=4000, wrong=True)

    def test_what_was_not_loaded_is_no_measurement(self):
        with self.assertRaisesRegex(CommandFailed, "only 64 of 4000 tokens"):
            self.timing(cached=64).row("store_memory")


class OptionsTest(unittest.TestCase):
    def test_every_section_is_measured_and_every_row_belongs_to_one(self):
        class Bench:
            model, threads = "m", 2
        options = cache_options.parse([])
        sections = cache_main.sections(options, Bench())
        self.assertEqual(list(cache_options.SECTIONS), list(sections))
        keys = [key for keys, _ in sections.values() for key in keys]
        self.assertEqual(list(ROWS.keys()), keys)

    def test_refusals_name_what_is_wrong(self):
        with contextlib.redirect_stderr(io.StringIO()) as errors, \
                self.assertRaises(SystemExit):
            cache_options.parse(["--rows", "speed"])
        self.assertIn("'speed' is none of conversations", errors.getvalue())


if __name__ == "__main__":
    unittest.main()
