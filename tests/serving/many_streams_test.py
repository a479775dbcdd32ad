#!/usr/bin/env python3
"""A thousand streams at once finish, with bounded memory and few threads.

usage: many_streams_test.py TESSERA
"""

import os
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from file_limit import raise_file_limit  # noqa: E402
from server_process import Served  # noqa: E402
from stream_load import run_all  # noqa: E402

TESSERA = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
NUM_STREAMS = 1000
NUM_PROMPTS = 40
NUM_TOKENS = 6
MAX_THREADS = 64
MAX_GROWTH_BYTES = 64 << 20  # of a second thousand after the first


class Watch:
    """The most threads that a server has while others work."""

    def __init__(self, served):
        self._served = served
        self._stop = threading.Event()
        self.max_threads = 0
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._stop.wait(0.1):
            threads = len(os.listdir(f"/proc/{self._served.server.pid}/task"))
            self.max_threads = max(self.max_threads, threads)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


class ManyStreamsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise_file_limit(NUM_STREAMS + 200)
        cls.served = Served(TESSERA, "--kv-memory", "128MiB")
        cls.addClassCleanup(cls.served.close)
        cls.model = cls.served.client.model()

    def payloads(self):
        return [{"model": self.model, "temperature": 0, "ignore_eos": True,
                 "max_tokens": NUM_TOKENS, "prompt": f"Item {index % NUM_PROMPTS}:"}
                for index in range(NUM_STREAMS)]

    def wave(self):
        with Watch(self.served) as watch:
            outcomes = run_all(self.served.port, self.payloads())
        errors = [outcome.error for outcome in outcomes if not outcome.is_whole]
        self.assertEqual([], errors[:3], f"{len(errors)} of {NUM_STREAMS}")
        self.assertLess(watch.max_threads, MAX_THREADS)
        return outcomes

    def test_all_finish_alike_and_nothing_is_kept(self):
        texts = {}
        for index, outcome in enumerate(self.wave()):
            texts.setdefault(index % NUM_PROMPTS, set()).add(outcome.text)
        self.assertEqual({1}, {len(each) for each in texts.values()},
                         "the same request was answered in several ways")
        after_first = self.served.resident_bytes()
        self.wave()
        growth = self.served.resident_bytes() - after_first
        self.assertLess(growth, MAX_GROWTH_BYTES)
        metrics = self.served.client.metrics()
        self.assertEqual((0, 0), (metrics["tessera_num_requests_running"],
                                  metrics["tessera_num_requests_waiting"]))
        self.assertEqual(2 * NUM_STREAMS * NUM_TOKENS,
                         metrics["tessera_generation_tokens_total"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
