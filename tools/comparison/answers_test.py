#!/usr/bin/env python3
"""Wrong answers are told from right ones, and asked for once."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import answers  # noqa: E402
from answers import Answer, AnswerCheck  # noqa: E402


class Engine:
    """Both a peer and this project; counts its calls."""
    name = "p"

    def __init__(self, *perplexities):
        self.calls = []
        self._perplexities = list(perplexities)

    def perplexity(self, text_file, window, *rest, model):
        self.calls.append((rest, model))
        return self._perplexities.pop(0)


class AnswersTest(unittest.TestCase):
    def test_five_percent_either_way_is_wrong(self):
        for perplexity, is_right in ((19.2, True), (20.9, True), (19.1, True),
                                     (21.1, False), (18.9, False), (98.4, False),
                                     (float("nan"), False),
                                     (float("inf"), False)):
            answer = Answer("ik", "m.gguf", 256, perplexity, 20.0)
            self.assertEqual(is_right, answer.is_right, answer)

    def test_the_line_says_what_was_found(self):
        self.assertEqual(
            "ik, m.gguf, passes of 256: perplexity 98.40, ours 19.35: "
            "WRONG ANSWERS", str(Answer("ik", "/tmp/m.gguf", 256, 98.4, 19.35)))

    def test_each_size_of_pass_is_asked_once(self):
        ours, peer = Engine(20.0), Engine(20.1, 99.0)
        check = AnswerCheck(ours)
        for _ in range(2):
            self.assertTrue(check.check(peer, "m", 1).is_right)
            self.assertFalse(check.check(peer, "m", 512).is_right)
        self.assertEqual([((1, answers.NUM_WINDOWS), "m"),
                          ((answers.WINDOW, answers.NUM_WINDOWS), "m")],
                         peer.calls)
        self.assertEqual(1, len(ours.calls))

    def test_a_copy_is_judged_by_our_answer_on_the_copy(self):
        check = AnswerCheck(Engine(20.0, 30.0))
        peer = Engine(20.0, 30.0)
        self.assertTrue(check.check(peer, "m", 1).is_right)
        self.assertTrue(check.check(peer, "copy", 1).is_right)


if __name__ == "__main__":
    unittest.main()
