#!/usr/bin/env python3
"""Verdicts, tables, prompts, CPU times and the command line."""

import contextlib
import io
import os
import sys
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "comparison")]
import bars  # noqa: E402
import cpu_time  # noqa: E402
import serve_options  # noqa: E402
import serve_table  # noqa: E402
import servers  # noqa: E402
from bars import Bar, Row  # noqa: E402
from load import Answer  # noqa: E402
from measure import LoadFigures, Measurements  # noqa: E402
from prompts import FIRST_TOKEN, Prompts  # noqa: E402


def row(ours, theirs, floor, aim=None, lower=False):
    return Row("k", "w", "s" if lower else "tok/s", ours, theirs, floor, aim, lower)


class VerdictTest(unittest.TestCase):
    def test_times_as_good_as_the_peer(self):
        floor, aim = Bar(True, 5), Bar(True, 9)
        for ours, theirs, verdict in ((500, 100, bars.REACHED), (900, 100, bars.AIMED),
                                      (499, 100, bars.MISSED),
                                      (499, None, bars.UNMEASURED)):
            self.assertEqual(verdict, row(ours, theirs, floor, aim).verdict)

    def test_lower_is_better(self):
        floor, aim = Bar(True, 10), Bar(False, 0.05)
        for ours, theirs, verdict in ((0.1, 1.0, bars.REACHED), (0.05, 1.0, bars.AIMED),
                                      (0.11, 1.0, bars.MISSED),
                                      (0.01, None, bars.UNMEASURED),
                                      (float("nan"), 1.0, bars.MISSED)):
            self.assertEqual(verdict, row(ours, theirs, floor, aim, True).verdict)

    def test_a_row_without_a_bar_has_no_verdict(self):
        self.assertEqual("", row(1, 2, None).verdict)

    def test_lines_show_bars_in_the_rows_unit(self):
        self.assertEqual(
            "| w | 512 tok/s | 100 | 5.12x | 5x llama.cpp | 9x llama.cpp | reached |",
            serve_table.row_line(row(512, 100, Bar(True, 5), Bar(True, 9)),
                                 "llama.cpp"))
        self.assertEqual(
            "| w | 80 ms |  |  | 10x peer | 50 ms | not measured |",
            serve_table.row_line(row(0.08, None, Bar(True, 10), Bar(False, 0.05), True),
                                 None))


class LoadFiguresTest(unittest.TestCase):
    def figures(self, arm, streams, prompt, speed):
        figures = LoadFigures(arm, streams, prompt)
        for shift in (0, 1, 4):
            times = [(1 + index) / speed for index in range(11)]
            figures.add([Answer(0, times, 9, 200, 11 + shift, "")])
            figures.cpu_per_token.append(1e-5 * (1 + shift))
        return figures

    def test_throughput_is_the_median_round_and_times_are_pooled(self):
        figures = self.figures("a", 16, 60, 10)
        self.assertAlmostEqual(12 / 1.1, figures.throughput)
        self.assertAlmostEqual(0.1, figures.first_token_p99)
        self.assertEqual(30, len(figures.gaps))

    def test_rows_are_judged_where_the_issue_has_bars(self):
        def rows(streams, prompt):
            ours = self.figures("tessera", streams, prompt, 100)
            theirs = self.figures("p", streams, prompt, 10)
            return {each.key: each for each in
                    Measurements.rows_of_load([ours, theirs])}
        self.assertEqual({}, rows(4, 60))
        self.assertEqual(["throughput_16", "first_token_16"], list(rows(16, 60)))
        self.assertEqual(["throughput_16"], list(rows(16, 1000)))
        self.assertEqual(["throughput_64", "cpu_per_token"], list(rows(64, 60)))
        self.assertAlmostEqual(10, rows(16, 60)["first_token_16"].ratio)
        self.assertAlmostEqual(20, rows(64, 60)["cpu_per_token"].ours)

    def test_a_load_without_a_peer_is_measured_all_the_same(self):
        (first, *_) = Measurements.rows_of_load([self.figures("tessera", 16, 60, 9)])
        self.assertEqual(bars.UNMEASURED, first.verdict)

    def test_lines(self):
        self.assertEqual("| 16 | 1,000 | a | 10.9 | 100 ms | 100 ms | 100 ms | 100 ms |",
                         serve_table.load_line(self.figures("a", 16, 1000, 10)))


class PromptsTest(unittest.TestCase):
    def test_lengths_are_exact_and_beginnings_differ(self):
        prompts = Prompts(list(range(600, 700)), seed=1)
        made = [prompts.next(length) for length in (1, 60, 1000, 1000, 1000)]
        self.assertEqual([1, 60, 1000, 1000, 1000], [len(each) for each in made])
        self.assertEqual(4, len({tuple(each[:8]) for each in made[1:]}))
        self.assertTrue(all(FIRST_TOKEN <= token < 700 for each in made
                            for token in each))

    def test_a_seed_gives_the_same_prompts_and_another_seed_others(self):
        def first(seed):
            return Prompts([600, 601, 602], seed).next(60)
        self.assertEqual(first(1), first(1))
        self.assertNotEqual(first(1), first(2))


class CpuTimeTest(unittest.TestCase):
    def test_a_name_may_hold_anything(self):
        text = "7 (a) b (c) S " + " ".join(str(n) for n in range(4, 40))
        self.assertAlmostEqual((14 + 15) / os.sysconf("SC_CLK_TCK"),
                               cpu_time.parse_stat(text))

    def test_the_engines_threads_do_not_serve(self):
        before = {1: ("main", 1.0), 2: ("engine", 1.0)}
        after = {1: ("main", 1.5), 2: ("engine", 9.0), 3: ("worker-1", 5.0),
                 4: ("http", 0.25)}
        self.assertEqual(0.75, cpu_time.serving_seconds(before, after))

    def test_time_of_a_thread_of_our_own(self):
        before = cpu_time.thread_seconds(os.getpid())
        end = cpu_time.thread_seconds(os.getpid())[threading.get_native_id()][1] + 0.03
        while cpu_time.thread_seconds(os.getpid())[threading.get_native_id()][1] < end:
            pass
        after = cpu_time.thread_seconds(os.getpid())
        self.assertGreaterEqual(cpu_time.serving_seconds(before, after), 0.02)


class MetricTest(unittest.TestCase):
    TEXT = ("# TYPE drafts counter\ndrafts{source=\"text\"} 3\n"
            "drafts{source=\"a b\"} 4\ndrafts_total 9\nplain 1e3\n")

    def test_a_metric_is_summed_over_its_labels(self):
        for name, value in (("drafts", 7), ("drafts{source=\"text\"}", 3),
                            ("plain", 1000), ("none", 0)):
            self.assertEqual(value, servers.metric(self.TEXT, name), name)


class OptionsTest(unittest.TestCase):
    def error(self, *arguments):
        with contextlib.redirect_stderr(io.StringIO()) as errors, \
                self.assertRaises(SystemExit):
            serve_options.parse(arguments)
        return errors.getvalue()

    def test_defaults_are_the_issues_loads(self):
        parsed = serve_options.parse([])
        self.assertEqual(([1, 4, 16, 64], [60, 1000], None),
                         (parsed.streams, parsed.prompts, parsed.peer))

    def test_refusals_name_what_is_wrong(self):
        for words, arguments in (
                ("expected NAME=DIR, got 'tree'", ["--peer", "tree"]),
                ("expected numbers of 1 to 1024, got '1,x'", ["--streams", "1,x"]),
                ("expected numbers of 1 to 8000, got '0'", ["--prompts", "0"]),
                ("'speed' is none of loads, gap, one-stream", ["--rows", "speed"]),
                ("expected one number", ["--rounds", "1,2"])):
            self.assertIn(words, self.error(*arguments))


if __name__ == "__main__":
    unittest.main()
