#!/usr/bin/env python3
"""A speculator that dies, pauses and comes back under a server that drafts with
it: no request fails and no answer changes.

usage: speculator_loss_test.py TESSERA
"""

import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server_process import Served, Speculator  # noqa: E402
from steady_load import NUM_CLIENTS, STATED_SECONDS, Load, wait_until  # noqa: E402

TESSERA = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
FLAGS = ("--kv-memory", "128MiB", "--threads", "1")

# Greedy and sampled, with penalties and without.
REQUESTS = [
    {"prompt": f"Story {index}:", "max_tokens": 32, "ignore_eos": True,
     "temperature": 0.9 * (index % 2), "seed": index,
     "frequency_penalty": 0.5 * (index % 3)}
    for index in range(6)]


def answer(served, request):
    status, reply = served.client.post("/v1/completions", request)
    return reply["choices"][0]["text"] if status == 200 else f"status {status}"


class SpeculatorLossTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with Served(TESSERA, *FLAGS, "--speculation", "off") as plain:
            cls.expected = [answer(plain, request) for request in REQUESTS]

    def setUp(self):
        self.speculator = Speculator(TESSERA)
        self.addCleanup(lambda: self.speculator.kill())
        self.served = Served(TESSERA, *FLAGS, "--speculation", "draft",
                             "--speculator", self.speculator.address)
        self.addCleanup(self.served.close)
        self.wait_until_ready()

    def is_ready(self):
        metrics = self.served.client.metrics()
        return metrics["tessera_speculator_client_ready"] == 1

    def wait_until_ready(self):
        seconds = wait_until(self.is_ready, "speculator")
        print(f"ready after {seconds:.1f} s (meant to: {STATED_SECONDS} s)")

    def wait_for_calls(self):
        calls = "tessera_speculator_calls_total"
        before = self.speculator.metrics()[calls]
        wait_until(lambda: self.speculator.metrics()[calls] > before, "call")

    def expect_right(self, load):
        self.assertEqual(load.wrong, [])
        self.assertGreater(load.num_right, 0)

    def load(self):
        return Load(lambda index: answer(self.served, REQUESTS[index]),
                    self.expected)

    def test_it_is_killed_and_started_again(self):
        with self.load() as load:
            self.wait_for_calls()
            self.speculator.kill()
            load.wait_for_answers(2 * NUM_CLIENTS)
            self.speculator.start()
            self.wait_until_ready()
            self.wait_for_calls()
            load.wait_for_answers(NUM_CLIENTS)
        self.expect_right(load)

    def test_it_is_paused_and_goes_on(self):
        with self.load() as load:
            self.wait_for_calls()
            self.speculator.signal(signal.SIGSTOP)
            load.wait_for_answers(2 * NUM_CLIENTS)
            self.speculator.signal(signal.SIGCONT)
            self.wait_until_ready()
            self.wait_for_calls()
            load.wait_for_answers(NUM_CLIENTS)
        self.expect_right(load)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
