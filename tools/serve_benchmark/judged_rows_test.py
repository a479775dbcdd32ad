#!/usr/bin/env python3
"""Rows that stand by themselves, replies, and answers that have to be the same."""

import contextlib
import io
import json
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "comparison")]
import bars  # noqa: E402
import reply  # noqa: E402
import workbench  # noqa: E402
from bars import itself  # noqa: E402
from command import CommandFailed  # noqa: E402
from judged_rows import HEAD, Asked, Rows, row_line  # noqa: E402
from load import Answer  # noqa: E402

ROWS = Rows({"ratio": Asked("a ratio", "x", itself(2), itself(3)),
             "cost": Asked("a cost", "%", itself(1), itself(0, "none"), True),
             "plain": Asked("a figure", "GB/s")})


class RowsTest(unittest.TestCase):
    def test_verdicts(self):
        for key, value, verdict in (
                ("ratio", 1.99, bars.MISSED), ("ratio", 2, bars.REACHED),
                ("ratio", 3, bars.AIMED), ("ratio", None, bars.UNMEASURED),
                ("cost", 1.1, bars.MISSED), ("cost", 0.5, bars.REACHED),
                ("cost", -0.1, bars.AIMED), ("plain", 1, "")):
            self.assertEqual(verdict, ROWS.got(key, value).verdict, (key, value))

    def test_lines(self):
        self.assertEqual("| a ratio | 2.50x (5 a/b 2) | 2x | 3x | reached |",
                         row_line(ROWS.got("ratio", 2.5, "5 a|b 2")))
        self.assertEqual("| a ratio | 0.987x | 2x | 3x | MISSED |",
                         row_line(ROWS.got("ratio", 0.987)))
        self.assertEqual("| a cost | no peer | 1.0% | none | not measured |",
                         row_line(ROWS.got("cost", None, "no peer")))
        self.assertEqual(HEAD.splitlines()[0].count("|"),
                         row_line(ROWS.got("plain", 1)).count("|"))

    def run_rows(self, sections, wanted):
        with contextlib.redirect_stdout(io.StringIO()), \
                contextlib.redirect_stderr(io.StringIO()):
            return ROWS.run(sections, wanted)

    def test_what_fails_says_why_and_the_rest_is_measured(self):
        def fail():
            raise CommandFailed("the server\nfell over")
        rows = self.run_rows(
            {"a": (["ratio", "cost"], fail),
             "b": (["plain"], lambda: [ROWS.got("plain", 2)]),
             "c": (["plain"], fail)}, ["a", "b"])
        self.assertEqual([("ratio", None, "the server fell over"),
                          ("cost", None, "the server fell over"), ("plain", 2, "")],
                         [(row.key, row.ours, row.detail) for row in rows])


class ReplyTest(unittest.TestCase):
    def test_pieces_are_put_together(self):
        events = [
            {"choices": [{"delta": {"role": "assistant", "content": ""}}],
             "prompt_token_ids": [1, 2], "usage": None},
            {"choices": [{"delta": {"content": "a\u2028"}, "token_ids": [3]}]},
            {"choices": [{"text": "b", "token_ids": [4, 5], "finish_reason": "stop"}]},
            {"choices": [], "usage": {"prompt_tokens": 2, "prompt_tokens_details":
                                      {"cached_tokens": 1}}, "timings": {"x": 1}}]
        body = "".join(f"data: {json.dumps(event, ensure_ascii=False)}\r\n\r\n"
                       for event in events) + ": comment\n\ndata: [DONE]\n\n"
        whole = reply.read(body)
        self.assertEqual(("a\u2028b", [3, 4, 5], 1, [1, 2], "stop", 2, 1, {"x": 1}),
                         (whole.text, whole.token_ids, whole.first_piece,
                          whole.prompt_token_ids,
                          whole.finish_reason, whole.prompt_tokens,
                          whole.cached_tokens, whole.timings))

    def test_what_does_not_tell_its_usage_cached_nothing(self):
        self.assertEqual(0, reply.read("").cached_tokens)


class CheckSameTest(unittest.TestCase):
    @staticmethod
    def answers(*ids):
        return [Answer(0, [1], 1, 200, 1, "", "data: " + json.dumps(
            {"choices": [{"text": "t", "token_ids": each}]}) + "\n\n") for each in ids]

    def test_the_same(self):
        workbench.check_same("x", self.answers([1, 2], [3]), self.answers([1, 2], [3]))

    def test_not_the_same(self):
        for words, ones, others in (
                ("WRONG ANSWERS: x: answer 1 differs", ([1], [2]), ([1], [3])),
                ("without token ids", ([1], []), ([1], [])),
                ("without token ids", ([1], [2]), ([1],))):
            with self.assertRaisesRegex(CommandFailed, words):
                workbench.check_same("x", self.answers(*ones), self.answers(*others))


if __name__ == "__main__":
    unittest.main()
