#!/usr/bin/env python3
"""Arms take turns, and others' work is told from theirs."""

import contextlib
import io
import os
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "comparison")]
import cpu_time  # noqa: E402
import turns  # noqa: E402
from turns import Turns  # noqa: E402


class TurnsTest(unittest.TestCase):
    def run_arms(self, default_rounds, **more):
        calls = []
        with contextlib.redirect_stderr(io.StringIO()):
            results = Turns(default_rounds).run(
                "t", {name: lambda name=name: calls.append(name) or len(calls)
                      for name in "abc"}, **more)
        return "".join(calls), results

    def test_every_other_round_goes_backwards(self):
        calls, results = self.run_arms(3)
        self.assertEqual("abccbaabc", calls)
        self.assertEqual({"a": [1, 6, 7], "b": [2, 5, 8], "c": [3, 4, 9]}, results)

    def test_rounds_of_one_run_may_be_fewer(self):
        self.assertEqual("abc", self.run_arms(3, num_rounds=1)[0])

    def test_a_share_is_noted_for_each_call(self):
        arms = Turns(2)
        with contextlib.redirect_stderr(io.StringIO()):
            arms.run("t", {"a": lambda: None})
        self.assertEqual(2, len(arms.shares_of_others))
        self.assertIn("of the CPU", arms.line)

    def test_a_call_that_fails_is_not_noted(self):
        arms = Turns(1)
        with self.assertRaises(ValueError), arms.watched():
            raise ValueError
        self.assertEqual([], arms.shares_of_others)


class WatchTest(unittest.TestCase):
    def test_a_servers_work_counts_while_it_runs(self):
        with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
            try:
                class Server:
                    pass
                server = Server()
                server.process = process
                watch = turns._Watch([], [server])
                before = watch._now()
                own = cpu_time.process_seconds(process.pid)
                end = time.monotonic() + 20
                while (cpu_time.process_seconds(process.pid) < own + 0.1 and
                       time.monotonic() < end):
                    time.sleep(0.01)
                self.assertGreaterEqual(watch._now().children - before.children, 0.09)
            finally:
                process.kill()


if __name__ == "__main__":
    unittest.main()
