#!/usr/bin/env python3
"""Conversations go on turn by turn, with a server that is made up."""

import json
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, *(os.path.join(os.path.dirname(HERE), name)
                        for name in ("serve_benchmark", "comparison"))]
import conversations  # noqa: E402
from command import CommandFailed  # noqa: E402
from conversations import IN_FLIGHT, Talks  # noqa: E402
from load import Answer  # noqa: E402


class Server:
    name, model_name, more_fields = "tessera", "m", {}


class Bench:
    """Answers with the count of requests so far; later lanes answer first. Token
    ids are the characters of all that was said."""

    def __init__(self, cached_tokens=0):
        self.bodies = []
        self._cached = cached_tokens

    @staticmethod
    def words(seed, count):
        return f"{seed} {count}"

    def _answer(self, planned, sent):
        body = json.loads(planned["body"])
        self.bodies.append(body)
        ids = [ord(letter) for message in body["messages"]
               for letter in message["role"][0] + message["content"] + "|"]
        text = f"answer {len(self.bodies)}"
        events = [{"choices": [{"delta": {"content": text},
                                "token_ids": [ord(letter) for letter in text]}],
                   "prompt_token_ids": ids},
                  {"choices": [], "usage": {
                      "prompt_tokens": len(ids), "completion_tokens": len(text),
                      "prompt_tokens_details": {"cached_tokens": self._cached}}}]
        lines = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        return Answer(sent, [sent + 0.5], sent + 1, 200, len(text), "",
                      lines + "data: [DONE]\n\n")

    def load(self, _, lanes):
        return [[self._answer(planned, turn - 0.01 * lane)
                 for turn, planned in enumerate(requests)]
                for lane, requests in enumerate(lanes)]


class TalksTest(unittest.TestCase):
    def talk(self, count, turns, bench=None):
        talks = Talks(bench or Bench(), Server(), count)
        for turn in range(turns):
            talks.turn(turn)
        return talks

    def test_every_conversation_takes_every_turn(self):
        bench = Bench()
        talks = self.talk(20, 3, bench)
        self.assertEqual((60, 20), (len(talks.answers), len(talks.last)))
        lengths = [len(body["messages"]) for body in bench.bodies]
        self.assertEqual([2] * 20 + [4] * 20 + [6] * 20, lengths)

    def test_what_a_conversation_heard_is_sent_again(self):
        bench = Bench()
        self.talk(2, 2, bench)
        for index in (0, 1):
            messages = bench.bodies[2 + index]["messages"]
            self.assertEqual(bench.bodies[index]["messages"], messages[:2])
            self.assertEqual({"role": "assistant", "content": f"answer {index + 1}"},
                             messages[2])

    def test_system_prompts_are_shared_and_users_words_are_not(self):
        bench = Bench()
        self.talk(16, 1, bench)
        said = [[message["content"] for message in body["messages"]]
                for body in bench.bodies]
        self.assertEqual((4, 16), (len({system for system, _ in said}),
                                   len({user for _, user in said})))

    def test_answers_are_in_the_order_in_which_they_were_sent(self):
        talks = self.talk(2 * IN_FLIGHT, 1)
        sent = [answer.sent_s for answer in talks.answers]
        self.assertEqual(sorted(sent), sent)
        self.assertEqual(0.5, round(talks.mean_first_token, 6))


class RowsTest(unittest.TestCase):
    def talks(self, cached_tokens=0):
        talks = Talks(Bench(cached_tokens), Server(), 1)
        talks.turn(0)
        return talks

    def test_what_was_cached_was_not_computed(self):
        length = self.talks().answers[0].reply.prompt_tokens
        for cached in (0, 10):
            row = conversations._computed_row(self.talks(cached).answers)
            self.assertAlmostEqual((length - cached) / length, row.ours)

    def test_answers_without_token_ids_cannot_be_judged(self):
        answer = self.talks().answers[0]
        answer.body = 'data: {"choices": [{"delta": {"content": "x"}}]}\n\n'
        del answer.reply
        with self.assertRaisesRegex(CommandFailed, "without its token ids"):
            conversations._computed_row([answer])

    def test_first_tokens_are_compared_with_the_peers(self):
        self.assertEqual("not measured",
                         conversations._first_token_row([self.talks()]).verdict)
        slow = self.talks()
        slow.answers[0].tokens_s = [slow.answers[0].sent_s + 1.5]
        row = conversations._first_token_row([self.talks(), slow])
        self.assertAlmostEqual(3, row.ours)
        self.assertEqual("reached", row.verdict)


if __name__ == "__main__":
    unittest.main()
