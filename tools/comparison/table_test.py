#!/usr/bin/env python3
"""Goals are judged, and the table shows what was reached."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import goals  # noqa: E402
import table  # noqa: E402
from goals import Goal, judge, verdict  # noqa: E402
from peer import IK_LLAMA_CPP, LLAMA_CPP  # noqa: E402
from rows import Limit, PeerFigure, Row  # noqa: E402


def prefill(llama, ik, share):
    row = Row("prefill", "prefill", "prefill 512", "tok/s", 2150.0,
              limit=Limit(goals.INT8, 905e9, share))
    if llama:
        row.peers.append(PeerFigure("llama", LLAMA_CPP, 2150 / llama, llama))
    if ik:
        row.peers.append(PeerFigure("ik", IK_LLAMA_CPP, None,
                                    note="wrong answers"))
        row.peers.append(PeerFigure("ik", IK_LLAMA_CPP, 2150 / ik, ik, "on Q8_0"))
    return row


class GoalsTest(unittest.TestCase):
    def test_a_ratio_reaches_from_below_and_a_cost_from_above(self):
        ratio = Goal(LLAMA_CPP, 6, 8)
        cost = Goal(goals.ITSELF, 1.9, 1.5, lower_is_better=True)
        for goal, figures in ((ratio, (5.9, 6, 8)), (cost, (2.0, 1.9, 1.5))):
            self.assertEqual([goals.MISSED, goals.REACHED, goals.AIMED],
                             [judge(goal, figure) for figure in figures])
        self.assertEqual(goals.UNMEASURED, judge(ratio, None))

    def test_a_row_is_as_good_as_its_worst_goal(self):
        self.assertEqual((goals.AIMED, []), verdict(prefill(8.1, 2.3, 0.5)))
        self.assertEqual((goals.REACHED, []), verdict(prefill(8.1, 1.9, 0.5)))
        word, missed = verdict(prefill(8.1, 1.7, 0.4))
        self.assertEqual(goals.MISSED, word)
        self.assertEqual([IK_LLAMA_CPP, goals.INT8],
                         [goal.against for goal in missed])

    def test_a_missing_peer_leaves_the_verdict_open(self):
        self.assertEqual("reached as far as measured",
                         verdict(prefill(8.1, None, 0.5))[0])
        self.assertEqual(goals.MISSED, verdict(prefill(None, 1.0, 0.5))[0])

    def test_of_two_trees_the_faster_counts(self):
        row = prefill(8.1, 2.3, 0.5)
        row.peers.append(PeerFigure("newer", LLAMA_CPP, 400.0, 5.4))
        self.assertEqual(5.4, row.figure(LLAMA_CPP))

    def test_a_figure_that_does_not_count_is_shown_only(self):
        row = prefill(8.1, 2.3, 0.5)
        row.peers.append(PeerFigure("ik", IK_LLAMA_CPP, 2150.0, 1.0,
                                    counts=False))
        self.assertEqual(2.3, row.figure(IK_LLAMA_CPP))


class TableTest(unittest.TestCase):
    def cells(self, row, peers=("llama", "ik")):
        line = table.line(row, peers)
        return [cell.strip() for cell in line.strip("|").split("|")]

    def test_a_row_shows_figures_ratios_limit_and_goals(self):
        self.assertEqual(
            ["prefill 512", "2,150 tok/s", "51% of 905.0 GOP/s", "269 (8.00x)",
             "wrong answers; 1,075 (2.00x) on Q8_0",
             "6x llama.cpp, 1.8x ik_llama.cpp, 45% of int8 rate",
             "8x llama.cpp, 2.2x ik_llama.cpp", "reached"],
            self.cells(prefill(8, 2, 0.51)))

    def test_what_was_missed_is_named(self):
        self.assertEqual("MISSED: 1.7x ik_llama.cpp, 40% of int8 rate",
                         self.cells(prefill(8.1, 1.7, 0.4))[-1])

    def test_units(self):
        memory = Row("memory", "memory", "memory", "bytes", 62.4e6, "(of 300 MB)")
        self.assertEqual(["memory", "62.4 MB (of 300 MB)", "", "100.0 MB", "",
                          "reached"], self.cells(memory, []))
        passes = Row("pass_8", "pass_8", "8 over 1", "x", 1.62)
        passes.peers.append(PeerFigure("llama", LLAMA_CPP, 3.3))
        self.assertEqual(["8 over 1", "1.62", "", "3.30", "1.90", "1.50",
                          "reached"], self.cells(passes, ["llama"]))
        first = Row("first_token", "first_token", "load", "s", 0.61)
        self.assertEqual("MISSED: 0.610 s", self.cells(first, [])[-1])

    def test_every_line_has_as_many_cells(self):
        peers = ["llama", "ik"]
        lines = [*table.head(peers).splitlines(),
                 table.line(prefill(8, 2, 0.5), peers)]
        self.assertEqual(1, len({line.count("|") for line in lines}))

    def test_json_tells_each_goal(self):
        told = prefill(8.1, 1.7, 0.5).as_json()
        self.assertEqual("missed", told["verdict"])
        self.assertEqual([IK_LLAMA_CPP], told["missed"])
        self.assertEqual(["aim", "missed", "aim"],
                         [goal["verdict"] for goal in told["goals"]])


if __name__ == "__main__":
    unittest.main()
