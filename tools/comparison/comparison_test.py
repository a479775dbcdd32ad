#!/usr/bin/env python3
"""comparison.py on engines whose times are made up."""

import os
import sys
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import goals  # noqa: E402
import rounds  # noqa: E402
from answers import AnswerCheck  # noqa: E402
from bench_json import Work  # noqa: E402
from comparison import Comparison  # noqa: E402
from model_shape import ModelShape  # noqa: E402
from peer import IK_LLAMA_CPP, LLAMA_CPP  # noqa: E402

SHAPE = ModelShape("Q4_1", pass_bytes=100_000_000, token_products=100_000_000, last_products=0,
                   kv_token_bytes=20_000)


class Engine:
    """Takes so many seconds a token, more in a pass of several."""

    model = "file"

    def __init__(self, name, flavour, seconds, wrong=(), has_depth=True):
        self.name = name
        self.flavour = flavour
        self.has_depth = has_depth
        self.benched = []
        self._seconds = seconds
        self._wrong = wrong   # (model, pass tokens) of wrong answers

    def bench(self, prompts=(), generated=(), depth=0, repetitions=1,
              all_logits=False, model="file"):
        self.benched.append((model, all_logits))
        works = ([Work(n, 0, depth) for n in prompts] +
                 [Work(0, n, depth) for n in generated])
        # A pass costs 1 + n / 10 of a token alone.
        return {work: [self._seconds * (work.num_generated or
                                        1 + work.num_prompt / 10)] * repetitions
                for work in works}

    def perplexity(self, text_file, window, pass_tokens=0, num_windows=0,
                   model="file"):
        return 100.0 if (model, pass_tokens) in self._wrong else 20.0

    def seconds_to_first_token(self, prompt):
        return 0.25

    def memory(self, prompt, num_tokens):
        return {"resident_bytes": 300_000_000, "weights_bytes": 96_000_000,
                "kv_arena_bytes": 124_000_000, "peak_resident_bytes": 310_000_000}


class Probe:
    def run(self):
        return {"bytes_per_second": [40e9], "i8_per_second": [900e9]}


class ComparisonTest(unittest.TestCase):
    def setUp(self):
        for patch in (mock.patch.object(rounds, "_say"),
                      mock.patch.object(rounds.command, "share_of_others",
                                        lambda begin, end: 0.0)):
            patch.start()
            self.addCleanup(patch.stop)
        self.ours = Engine("tessera", "tessera", 0.004)
        self.llama = Engine("llama", LLAMA_CPP, 0.010)
        self.ik = Engine("ik", IK_LLAMA_CPP, 0.006, has_depth=False,
                         wrong=[("file", 256)])

    def rows(self, section):
        compared = Comparison(self.ours, Probe(), [self.llama, self.ik],
                              AnswerCheck(self.ours), SHAPE,
                              lambda peer: ("copy", "Q8_0"), 5)
        return {row.key: row for row in compared.rows(section)}

    def test_decode_is_held_against_peers_and_bandwidth(self):
        row = self.rows("decode")["decode"]
        self.assertAlmostEqual(250, row.value)
        self.assertAlmostEqual(2.5, row.figure(LLAMA_CPP))
        self.assertAlmostEqual(1.5, row.figure(IK_LLAMA_CPP))
        self.assertAlmostEqual(250 * 100e6 / 40e9, row.figure(goals.BANDWIDTH))

    def test_a_wrong_answer_is_no_time_but_a_copy_may_be_right(self):
        row = self.rows("prefill")["prefill"]
        self.assertEqual([("ik", "wrong answers", None),
                          ("llama", "", 2.5), ("ik", "on Q8_0", 1.5)],
                         [(peer.peer, peer.note,
                           peer.ratio and round(peer.ratio, 6))
                          for peer in row.peers])
        self.assertEqual({"copy"}, {model for model, _ in self.ik.benched})
        self.assertEqual({"file"}, {model for model, _ in self.llama.benched})

    def test_where_the_file_is_right_as_well_the_copy_counts(self):
        self.ik = Engine("ik", IK_LLAMA_CPP, 0.006)
        row = self.rows("prefill")["prefill"]
        self.assertEqual([("llama", True), ("ik", False), ("ik", True)],
                         [(peer.peer, peer.counts) for peer in row.peers])

    def test_a_copy_can_be_wrong_too(self):
        self.ik = Engine("ik", IK_LLAMA_CPP, 0.006,
                         wrong=[("file", 256), ("copy", 256)])
        row = self.rows("prefill")["prefill"]
        self.assertIsNone(row.figure(IK_LLAMA_CPP))
        self.assertEqual([], self.ik.benched)

    def test_at_depth_the_cache_counts_and_wrong_prefill_disqualifies(self):
        rows = self.rows("depth")
        row = rows["decode_at_depth"]
        self.assertAlmostEqual(
            row.value * (100e6 + (4096 + 16) * 20e3) / 40e9,
            row.figure(goals.BANDWIDTH))
        self.assertAlmostEqual(2.5, rows["prefill_at_depth"].figure(LLAMA_CPP))
        self.assertEqual(["wrong answers"],
                         [peer.note for peer in row.peers if peer.peer == "ik"])

    def test_a_bench_without_depth_is_told(self):
        self.ik = Engine("ik", IK_LLAMA_CPP, 0.006, has_depth=False)
        row = self.rows("depth")["decode_at_depth"]
        self.assertEqual(["its llama-bench has no depth"],
                         [peer.note for peer in row.peers if peer.peer == "ik"])

    def test_a_pass_is_a_ratio_and_ours_computes_all_logits(self):
        rows = self.rows("passes")
        self.assertAlmostEqual(1.4 / 1.1, rows["pass_4"].value)
        self.assertAlmostEqual(1.8 / 1.1, rows["pass_8"].value)
        self.assertEqual({True}, {wanted for _, wanted in self.ours.benched})
        self.assertEqual({False}, {wanted for _, wanted in self.llama.benched})

    def test_memory_is_what_neither_weights_nor_arena_take(self):
        self.assertEqual(80_000_000, self.rows("memory")["memory"].value)

    def test_first_token_is_a_median(self):
        row = self.rows("first-token")["first_token"]
        self.assertEqual((0.25, 5), (row.value, len(row.samples)))


if __name__ == "__main__":
    unittest.main()
