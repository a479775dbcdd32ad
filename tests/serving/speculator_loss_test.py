#!/usr/bin/env python3
"""A speculator that dies, pauses and comes back under a server that drafts with
it: no request fails and no answer changes.

usage: speculator_loss_test.py TESSERA
"""

import os
import signal
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server_process import Served, Speculator  # noqa: E402

TESSERA = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
NUM_CLIENTS = 3
SECONDS = 90        # that a recovery may take on a busy machine
STATED_SECONDS = 5  # that it is meant to take
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


class Load:
    """Clients that ask on and on, and whatever was not as it should be."""

    def __init__(self, served, expected):
        self._served, self._expected = served, expected
        self._stop = threading.Event()
        self.num_right, self.wrong = 0, []
        self._threads = [threading.Thread(target=self._run, args=(index,))
                         for index in range(NUM_CLIENTS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, index):
        while not self._stop.is_set():
            index = (index + 1) % len(REQUESTS)
            got = answer(self._served, REQUESTS[index])
            if got == self._expected[index]:
                self.num_right += 1
            else:
                self.wrong.append((index, got))

    def wait_for_answers(self, count):
        wanted = self.num_right + count
        wait_until(lambda: self.wrong or self.num_right >= wanted, "answers")


def wait_until(is_true, what):
    """The seconds that it took."""
    begin = time.monotonic()
    while not is_true():
        if time.monotonic() > begin + SECONDS:
            raise AssertionError(f"after {SECONDS} s: no {what}")
        time.sleep(0.02)
    return time.monotonic() - begin


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

    def test_it_is_killed_and_started_again(self):
        with Load(self.served, self.expected) as load:
            self.wait_for_calls()
            self.speculator.kill()
            load.wait_for_answers(2 * NUM_CLIENTS)
            self.speculator.start()
            self.wait_until_ready()
            self.wait_for_calls()
            load.wait_for_answers(NUM_CLIENTS)
        self.expect_right(load)

    def test_it_is_paused_and_goes_on(self):
        with Load(self.served, self.expected) as load:
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
