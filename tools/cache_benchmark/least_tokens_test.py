#!/usr/bin/env python3
"""The least that has to be computed."""

import os
import random
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from least_tokens import SeenTokens, least_tokens  # noqa: E402


def by_comparing_all(requests):
    """The same, slowly."""
    seen, least = [], 0
    for prompt, answer in requests:
        shared = max((len(os.path.commonprefix([prompt, each])) for each in seen),
                     default=0)
        least += max(1, len(prompt) - shared)
        seen.append(prompt + answer[:-1])
    return least


class LeastTokensTest(unittest.TestCase):
    def test_what_nobody_sent_is_computed_whole(self):
        self.assertEqual(0, least_tokens([]))
        self.assertEqual(3 + 2, least_tokens([([1, 2, 3], [4]), ([5, 6], [7])]))

    def test_a_prompt_again_costs_its_last_token(self):
        self.assertEqual(3 + 1, least_tokens([([1, 2, 3], [4]), ([1, 2, 3], [4])]))

    def test_a_stem_is_computed_once(self):
        self.assertEqual(3 + 1 + 1, least_tokens(
            [([1, 2, 3], [9]), ([1, 2, 4], [9]), ([1, 2, 5], [9])]))

    def test_a_turn_reuses_the_answer_before_it_but_for_its_last_token(self):
        # 6 was drawn and never read; 7 is new.
        self.assertEqual(2 + 2, least_tokens([([1, 2], [4, 5, 6]),
                                              ([1, 2, 4, 5, 6, 7], [8])]))

    def test_an_answer_that_was_sent_as_other_tokens_is_shared_up_to_there(self):
        self.assertEqual(2 + 3, least_tokens([([1, 2], [4, 5, 6]),
                                              ([1, 2, 4, 9, 6, 7], [8])]))

    def test_only_beginnings_are_shared(self):
        self.assertEqual(3 + 3, least_tokens([([1, 2, 3], [4]), ([7, 2, 3], [4])]))

    def test_random_requests_as_by_comparing_all(self):
        for seed in range(200):
            draw = random.Random(seed)

            def some(most):
                return [draw.randrange(2) for _ in range(draw.randint(1, most))]
            requests = [(some(12), some(4)) for _ in range(draw.randint(1, 20))]
            self.assertEqual(by_comparing_all(requests), least_tokens(requests), seed)

    def test_longest_prefix(self):
        seen = SeenTokens()
        seen.add([1, 2, 3])
        for tokens, length in (([], 0), ([2], 0), ([1, 2], 2), ([1, 2, 3, 4], 3)):
            self.assertEqual(length, seen.longest_prefix(tokens))


if __name__ == "__main__":
    unittest.main()
