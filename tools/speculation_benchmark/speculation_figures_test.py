#!/usr/bin/env python3
"""Pairs of arms, tasks, ratios, and the command line."""

import contextlib
import io
import json
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, *(os.path.join(os.path.dirname(HERE), name)
                        for name in ("serve_benchmark", "comparison"))]
import bars  # noqa: E402
import draft_models  # noqa: E402
import paired  # noqa: E402
import repeated_answers  # noqa: E402
import speculate_main  # noqa: E402
import speculate_options  # noqa: E402
import tasks  # noqa: E402
from command import CommandFailed  # noqa: E402
from load import Answer  # noqa: E402
from prompts import Prompts  # noqa: E402
from speculation_rows import ROWS  # noqa: E402
from turns import Turns  # noqa: E402


def answer(seconds, tokens=11, token_ids=(1, 2), text="x", usage=None):
    """Its first token came after a second, its last `seconds` later."""
    pieces = [{"choices": [{"text": text, "token_ids": list(ids)}],
               "usage": usage or {}} for ids in (token_ids[:1], token_ids[1:])]
    return Answer(0, [1, 1 + seconds], 1 + seconds, 200, tokens, "",
                  "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces))


class Server:
    def __init__(self, name):
        self.name, self.model_name = name, "m"
        self.more_fields = {}
        self.process = self
        self.pid = os.getpid()


class Bench:
    """Arm "fast" takes half the time; answers are ids that the prompt makes."""

    def __init__(self, num_rounds=3, wrong=()):
        self.turns = Turns(num_rounds)
        self.asked = []
        self._wrong = wrong

    def _answer(self, server, prompt, fields):
        self.asked.append((server.name, prompt, fields))
        ids = [len(str(prompt)), *range(9 if server.name in self._wrong else 10)]
        return answer(1 if server.name == "fast" else 2, 11, ids)

    def ask(self, server, prompt, num_tokens, **more):
        del num_tokens
        return self._answer(server, str(prompt), more)

    def load(self, server, lanes):
        bodies = [[json.loads(planned["body"]) for planned in lane] for lane in lanes]
        return [[self._answer(server, body["prompt"], body) for body in lane]
                for lane in bodies]


def quietly(function, *arguments, **more):
    with contextlib.redirect_stderr(io.StringIO()):
        return function(*arguments, **more)


class PairedTest(unittest.TestCase):
    arms = [Server("plain"), Server("fast")]
    batch_arms = [paired.Arm(server.name, server) for server in arms]

    def one_after_another(self, bench, **more):
        return quietly(paired.one_after_another, bench, "t", self.arms,
                       {"a": "prompt a", "b": "prompt of b"}, 9, **more)

    def test_every_task_is_asked_in_every_round(self):
        bench = Bench()
        heard = self.one_after_another(bench)
        self.assertEqual([3, 3], [len(rounds) for rounds in heard["fast"]])
        # One round more, that warms.
        self.assertEqual(2 * 2 * 4, len(bench.asked))
        plain, fast = (paired.Speeds(heard[name]) for name in ("plain", "fast"))
        self.assertEqual((20 / 4, 20 / 2), (plain.rate, fast.rate))
        self.assertEqual([2, 2], fast.times(plain))

    def test_fields_go_to_one_arm_and_one_task(self):
        bench = Bench()
        self.one_after_another(bench, more={"fast": {"b": {"extra": 1}}})
        self.assertEqual({("fast", "prompt of b")},
                         {(name, prompt) for name, prompt, fields in bench.asked
                          if "extra" in fields})

    def test_other_answers_are_no_measurement(self):
        with self.assertRaisesRegex(CommandFailed, "WRONG ANSWERS: t, fast"):
            self.one_after_another(Bench(wrong=["fast"]))
        with self.assertRaisesRegex(CommandFailed, "WRONG ANSWERS: t, fast, batch 4"):
            quietly(paired.in_batches, Bench(wrong=["fast"]), "t", self.batch_arms, [4],
                    self.requests)

    @staticmethod
    def requests(num_streams, num_requests):
        return [[(f"prompt {stream} {index}", {"num_tokens": 9})
                 for index in range(num_requests)] for stream in range(num_streams)]

    def test_a_batch_is_so_many_lanes(self):
        lanes_of = []
        bench = Bench(num_rounds=1)
        take = bench.load

        def load(server, lanes):
            lanes_of.append([len(lane) for lane in lanes])
            return take(server, lanes)
        bench.load = load
        speeds = quietly(paired.in_batches, bench, "t", self.batch_arms, [1, 4, 16],
                         self.requests)
        # Both arms, once to warm.
        self.assertEqual(
            [[paired.REQUESTS_A_STREAM[batch]] * batch for batch in (1, 4, 16)
             for _ in range(2 * (1 + paired.TURNS_A_ROUND[batch]))], lanes_of)
        self.assertEqual({"plain", "fast"}, set(speeds[16]))

    def test_arms_of_one_server_differ_by_their_fields(self):
        bench, server = Bench(num_rounds=1), Server("same")
        arms = [paired.Arm("off", server, {"limit": 0}), paired.Arm("auto", server)]
        speeds = quietly(paired.in_batches, bench, "t", arms, [1], self.requests)
        self.assertEqual(["off", "auto"], list(speeds[1]))
        limits = [fields.get("limit") for _, _, fields in bench.asked]
        self.assertEqual([0] * (len(limits) // 2), [each for each in limits
                                                    if each is not None])

    def test_the_slowest_batch_decides_by_medians_of_rounds(self):
        speeds = {1: {"plain": [10, 20, 10], "fast": [20, 20, 20]},
                  4: {"plain": [10, 20, 40], "fast": [9, 19, 36]}}
        worst, ratios = paired.slowest(speeds, "fast", "plain")
        self.assertEqual(0.9, worst)
        self.assertEqual({1: 2, 4: 0.9}, {batch: ratio for batch, (ratio, _)
                                          in ratios.items()})
        self.assertAlmostEqual(1.2533 * (1 / 3) ** 0.5 / 3 ** 0.5, ratios[1][1])

    def test_an_answer_at_once_has_no_rate(self):
        with self.assertRaisesRegex(CommandFailed, "all at once"):
            paired.decode_seconds(answer(0))


class TasksTest(unittest.TestCase):
    def test_one_word_in_ten_is_changed(self):
        text = "  ".join(f"w{index}" for index in range(100)) + "\nend"
        other = tasks.changed(text, 10)
        pairs = list(zip(text.split(" "), other.split(" ")))
        self.assertEqual(len(text.split(" ")), len(pairs))
        self.assertEqual(10, sum(one != two for one, two in pairs))
        self.assertEqual(tasks.changed(text, 10), other)
        self.assertEqual("a a", tasks.changed("a a", 1))

    def test_mixed_tasks_are_of_all_kinds_in_every_stream_and_not_the_same(self):
        asked = tasks.mixed(16, 8)
        texts = [[messages[0]["content"] for messages, _ in stream] for stream in asked]
        self.assertEqual(16 * 8, len(set(sum(texts, []))))
        for stream in texts:
            self.assertEqual(8, len({text.split(". ", 1)[1] for text in stream}))
        self.assertEqual(8, len({stream[0].split(". ", 1)[1] for stream in texts}))
        for index, kind in ((0, 0), (1, 7)):
            # One kind in two streams: greedy in one, sampled in the other.
            self.assertEqual({0, 0.8}, {asked[stream][index][1]["temperature"]
                                        for stream in (kind, kind + 8)})
        self.assertEqual(asked, tasks.mixed(16, 8))

    def test_answers_of_all_streams_end_together_and_not_before(self):
        for count in (2, 4, 8):
            lengths = [[fields["num_tokens"] for _, fields in stream]
                       for stream in tasks.mixed(4, count)]
            self.assertEqual({48 * count}, {sum(stream) for stream in lengths})
            self.assertEqual(4, len({stream[0] for stream in lengths}))

    def test_unrepeated_requests_are_drawn_with_seeds(self):
        asked = tasks.unrepeated(Prompts([600, 601, 602], 1), 2, 3, 60)
        self.assertEqual([3, 3], [len(stream) for stream in asked])
        asked = sum(asked, [])
        self.assertEqual(6, len({tuple(prompt) for prompt, _ in asked}))
        self.assertEqual(list(range(6)), [fields["seed"] for _, fields in asked])


class RowsTest(unittest.TestCase):
    def test_tasks_count_by_their_time(self):
        heard = {"off": [[answer(4)], [answer(2)]], "auto": [[answer(1)], [answer(1)]]}
        row = repeated_answers.row("lookup", ["a", "b"], heard)
        self.assertEqual((3, bars.AIMED), (row.ours, row.verdict))
        self.assertIn("a 4.00x, b 2.00x", row.detail)

    def test_predictions_that_were_accepted(self):
        usage = {"completion_tokens_details": {"accepted_prediction_tokens": 5,
                                               "rejected_prediction_tokens": 2}}
        self.assertEqual((10, 4), repeated_answers.accepted(
            [answer(1, usage=usage), answer(1, usage=usage), answer(1)]))
        fields = repeated_answers.predictions({"a": "one two"})
        self.assertEqual("content", fields["a"]["prediction"]["type"])

    def test_a_batch_row_is_of_the_slowest(self):
        speeds = {1: {"off": [10], "auto": [11]}, 4: {"off": [10], "auto": [9.9]}}
        row = draft_models.batch_row("mixed", speeds, "none")
        self.assertEqual((0.99, bars.REACHED), (row.ours, row.verdict))
        self.assertIn("batch 1: 1.100x ± inf, batch 4: 0.990x ± inf", row.detail)


class OptionsTest(unittest.TestCase):
    def test_every_section_is_measured_and_every_row_belongs_to_one(self):
        options = speculate_options.parse([])
        sections = speculate_main.sections(options, None)
        self.assertEqual(list(speculate_options.SECTIONS), list(sections))
        self.assertEqual(list(ROWS.keys()),
                         [key for keys, _ in sections.values() for key in keys])

    def test_quick_is_one_round_of_few_streams(self):
        options = speculate_options.parse(["--quick"])
        self.assertEqual((1, [1, 4]), (options.rounds, options.batches))


if __name__ == "__main__":
    unittest.main()
