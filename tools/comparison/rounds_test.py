#!/usr/bin/env python3
"""Arms take turns; a disturbed call is measured again."""

import os
import sys
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import command  # noqa: E402
import rounds  # noqa: E402
from command import CpuClock, share_of_others  # noqa: E402


class RoundsTest(unittest.TestCase):
    def interleave(self, shares, num_rounds):
        """(order of calls, samples, disturbance); others take `shares`."""
        order, values = [], iter(range(100))
        shares = iter(shares)

        def arm(name):
            def run():
                order.append(name)
                return {"s": [next(values)]}
            return run

        disturbance = rounds.Disturbance()
        with mock.patch.object(command, "share_of_others",
                               lambda begin, end: next(shares)), \
                mock.patch.object(rounds, "_say"), \
                mock.patch.object(rounds.time, "sleep"):
            samples = rounds.interleave("t", {"a": arm("a"), "b": arm("b")},
                                        num_rounds, disturbance)
        return order, samples, disturbance

    def test_every_other_round_goes_backwards(self):
        order, samples, disturbance = self.interleave([0] * 6, 3)
        self.assertEqual(list("abbaab"), order)
        self.assertEqual({"a": {"s": [0, 3, 4]}, "b": {"s": [1, 2, 5]}}, samples)
        self.assertEqual((0, 0), (disturbance.repeated, disturbance.num_disturbed))

    def test_a_disturbed_call_is_repeated(self):
        order, samples, disturbance = self.interleave([0.3, 0.01, 0], 1)
        self.assertEqual(list("aab"), order)
        self.assertEqual([1], samples["a"]["s"])
        self.assertEqual((1, 0), (disturbance.repeated, disturbance.num_disturbed))

    def test_in_the_end_the_least_disturbed_counts(self):
        order, samples, disturbance = self.interleave([0.3, 0.1, 0.2, 0], 1)
        self.assertEqual(list("aaab"), order)
        self.assertEqual([1], samples["a"]["s"])
        self.assertEqual(1, disturbance.num_disturbed)
        self.assertEqual([0.1, 0], disturbance.shares)


class ShareOfOthersTest(unittest.TestCase):
    def test_is_of_all_cores_without_our_own(self):
        with mock.patch.object(command.os, "cpu_count", lambda: 2):
            self.assertAlmostEqual(0.25, share_of_others(
                CpuClock(100, 10, 50), CpuClock(118, 23, 60)))
            self.assertEqual(0, share_of_others(
                CpuClock(100, 10, 50), CpuClock(118, 30, 60)))

    def test_this_machine_has_a_clock(self):
        self.assertLessEqual(share_of_others(CpuClock.now(), CpuClock.now()), 1)


if __name__ == "__main__":
    unittest.main()
