#!/usr/bin/env python3
"""A store of prefixes that dies, pauses and comes back under a server that loads
from it and puts into it: no request fails, no answer changes, no block leaks.
And what it is for: a conversation is found after the verifier's restart, by
another verifier, and after the store's restart. And a server ends when told to,
its store hanging or not.

usage: store_loss_test.py TESSERA
"""

import os
import signal
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server_process import PrefixCache, Served, Verifier  # noqa: E402
from steady_load import NUM_CLIENTS, STATED_SECONDS, Load, wait_until  # noqa: E402

TESSERA = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
# So little that the engine forgets a prompt before it comes again.
FLAGS = ("--kv-memory", "40MiB", "--threads", "1", "--speculation", "off")
BLOCK_TOKENS = 32
DRAIN_SECONDS = 30  # --drain-timeout's default


def numbers(first, count):
    return " ".join(str(number) for number in range(first, first + count))


# Greedy and sampled.
REQUESTS = [
    {"prompt": f"Story {index} of {numbers(100 * (index + 1), 80)}:",
     "max_tokens": 12, "ignore_eos": True, "temperature": 0.9 * (index % 2),
     "seed": index, "logprobs": 2}
    for index in range(6)]


def answer(served, request):
    status, reply = served.client.post("/v1/completions", request)
    if status != 200:
        return f"status {status}"
    choice = reply["choices"][0]
    return choice["text"], choice["logprobs"]["token_logprobs"]


class StoreLossTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with Served(TESSERA, *FLAGS, "--prefix-cache", "off") as plain:
            cls.expected = [answer(plain, request) for request in REQUESTS]

    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.store = PrefixCache(TESSERA, folder)
        self.addCleanup(lambda: self.store.kill())
        self.served = Served(TESSERA, *FLAGS, "--prefix-cache", self.store.address)
        self.addCleanup(self.served.close)

    def metric(self, name):
        return self.served.client.metrics()[name]

    def wait_for_loads(self):
        name = "tessera_prefix_store_hits_total"
        before = self.metric(name)
        return wait_until(lambda: self.metric(name) > before, "load")

    def expect_right(self, load):
        self.assertEqual(load.wrong, [])
        self.assertGreater(load.num_right, 0)
        wait_until(lambda: self.metric("tessera_kv_cache_usage_perc") == 0,
                   "end of all use of blocks")

    def load(self):
        return Load(lambda index: answer(self.served, REQUESTS[index]),
                    self.expected)

    def test_it_is_killed_and_started_again(self):
        with self.load() as load:
            self.wait_for_loads()
            self.store.kill()
            load.wait_for_answers(3 * NUM_CLIENTS)
            self.store.start()
            seconds = self.wait_for_loads()
            print(f"loads again after {seconds:.1f} s (meant to: {STATED_SECONDS} s)")
            load.wait_for_answers(NUM_CLIENTS)
        self.expect_right(load)

    def test_it_is_paused_and_goes_on(self):
        with self.load() as load:
            self.wait_for_loads()
            self.store.signal(signal.SIGSTOP)
            load.wait_for_answers(3 * NUM_CLIENTS)
            wait_until(lambda: self.metric("tessera_prefix_store_breaker_state") > 0,
                       "open breaker")
            self.store.signal(signal.SIGCONT)
            seconds = self.wait_for_loads()
            print(f"loads again after {seconds:.1f} s (meant to: {STATED_SECONDS} s)")
            load.wait_for_answers(NUM_CLIENTS)
        self.expect_right(load)


class ConversationTest(unittest.TestCase):
    """Gateway, verifier and store, each a process."""

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.store = PrefixCache(TESSERA, self.folder)
        self.addCleanup(lambda: self.store.kill())
        self.messages = [{"role": "user", "content": f"Add {numbers(10, 150)}."}]

    def turn(self):
        """One more turn, by a verifier that is new; its usage."""
        verifier = Verifier(TESSERA, "--prefix-cache", self.store.address)
        try:
            with Served(TESSERA, "--verifier", verifier.address, command="gateway",
                        model=False) as gateway:
                status, reply = gateway.client.post("/v1/chat/completions", {
                    "messages": self.messages, "max_tokens": 40, "temperature": 0,
                    "ignore_eos": True, "return_timings": True})
            self.assertEqual(status, 200)
            verifier.process.terminate()
        finally:
            verifier.kill()
        self.messages.append(reply["choices"][0]["message"])
        self.messages.append({"role": "user", "content": "And once more?"})
        return reply

    def expect_all_of(self, turn_before, reply):
        """All whole blocks but the last few tokens, which a template may change."""
        cached = reply["usage"]["prompt_tokens_details"]["cached_tokens"]
        self.assertGreaterEqual(
            cached, turn_before["usage"]["total_tokens"] - 2 * BLOCK_TOKENS)

    def test_it_comes_back(self):
        first = self.turn()
        self.assertEqual(first["usage"]["prompt_tokens_details"]["cached_tokens"], 0)
        second = self.turn()
        self.expect_all_of(first, second)
        self.store.terminate()
        self.store.start()
        third = self.turn()
        self.expect_all_of(second, third)


class StopTest(unittest.TestCase):
    """SIGTERM while an answer runs and the store hangs: the answer goes to its
    end, and the process ends in time."""

    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.store = PrefixCache(TESSERA, folder)
        self.addCleanup(self.store.kill)

    def check(self, client, server, when):
        """The store hangs when it is asked, or when it is given blocks."""
        if when == "asked":
            self.store.signal(signal.SIGSTOP)
        events = iter(client.stream("/v1/completions", {
            "prompt": numbers(10, 150), "max_tokens": 200, "ignore_eos": True}))
        next(events)
        if when == "given":
            self.store.signal(signal.SIGSTOP)
        server.process.send_signal(signal.SIGTERM)
        last = None
        for last in events:  # Broken, if it does not go to its end
            pass
        self.assertEqual(last["choices"][0]["finish_reason"], "length")
        begin = time.monotonic()
        self.assertEqual(server.process.wait(DRAIN_SECONDS), 0, server.log())
        print(f"{when}: ended {time.monotonic() - begin:.1f} s after the answer")
        self.store.signal(signal.SIGCONT)

    def test_of_a_server(self):
        for when in ("asked", "given"):
            with self.subTest(when), Served(
                    TESSERA, *FLAGS, "--prefix-cache", self.store.address) as served:
                self.check(served.client, served.server, when)

    def test_of_a_verifier(self):
        for when in ("asked", "given"):
            verifier = Verifier(TESSERA, "--prefix-cache", self.store.address)
            self.addCleanup(verifier.kill)
            with self.subTest(when), Served(
                    TESSERA, "--verifier", verifier.address, command="gateway",
                    model=False) as gateway:
                self.check(gateway.client, verifier.process, when)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
