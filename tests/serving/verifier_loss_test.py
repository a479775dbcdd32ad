#!/usr/bin/env python3
"""Verifiers that die and come back behind a gateway, under load.

usage: verifier_loss_test.py TESSERA
"""

import http.client
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api_client import Broken, Refused  # noqa: E402
from server_process import Served, Verifier  # noqa: E402

TESSERA = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
NUM_CLIENTS = 8
SECONDS = 60       # that a recovery may take on a busy machine
STATED_SECONDS = 5  # that it is meant to take


class Load:
    """Clients that ask on and on; what became of each request."""

    def __init__(self, served):
        self._client, self._model = served.client, served.client.model()
        self._stop = threading.Event()
        self.outcomes = []  # (time it ended, outcome)
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
            outcome = self._ask(index)
            self.outcomes.append(outcome)
            if outcome == 503:
                time.sleep(0.05)

    def _ask(self, index):
        """"whole", "broken" (an error event after the first token), a status,
        or what is no proper end."""
        texts = 0
        try:
            for event in self._client.stream("/v1/completions", {
                    "model": self._model, "prompt": f"Story {index}:",
                    "max_tokens": 24, "ignore_eos": True}):
                texts += any(choice["text"] for choice in event["choices"])
            return "whole"
        except Refused as error:
            return error.status
        except Broken as error:
            if "no data" in str(error):
                return "cut without a word"
            return "broken" if texts else "broken before its first token"
        except (OSError, http.client.HTTPException) as error:
            return repr(error)

    def wait_for(self, outcome, count=1):
        """Waits until so many more requests went so; the seconds it took."""
        begin, wanted = time.monotonic(), self.outcomes.count(outcome) + count
        while self.outcomes.count(outcome) < wanted:
            if time.monotonic() > begin + SECONDS:
                raise AssertionError(f"too few {outcome}: {self.counts()}")
            time.sleep(0.02)
        return time.monotonic() - begin

    def counts(self):
        return {str(outcome): self.outcomes.count(outcome)
                for outcome in set(self.outcomes)}


class VerifierLossTest(unittest.TestCase):
    def gateway(self, *verifiers):
        for verifier in verifiers:
            self.addCleanup(lambda verifier=verifier: verifier.kill())
        flags = [word for verifier in verifiers
                 for word in ("--verifier", verifier.address)]
        served = Served(TESSERA, *flags, command="gateway", model=False)
        self.addCleanup(served.close)
        return served

    def test_the_only_verifier_dies_and_returns(self):
        verifier = Verifier(TESSERA)
        served = self.gateway(verifier)
        with Load(served) as load:
            load.wait_for("whole", NUM_CLIENTS)
            verifier.kill()
            load.wait_for(503)
            self.assertFalse(served.client.is_healthy())
            verifier.start()
            seconds = load.wait_for("whole")
            print(f"answers again {seconds:.1f} s after its return "
                  f"(meant to: {STATED_SECONDS} s)")
            load.wait_for("whole", NUM_CLIENTS)
        self.assertLessEqual(set(load.outcomes), {"whole", "broken", 503},
                             load.counts())
        self.assertTrue(served.client.is_healthy())

    def test_with_another_verifier_only_begun_answers_are_lost(self):
        first, second = Verifier(TESSERA), Verifier(TESSERA)
        served = self.gateway(first, second)
        with Load(served) as load:
            for victim in (first, second):
                load.wait_for("whole", 2 * NUM_CLIENTS)
                victim.kill()
                load.wait_for("whole", 2 * NUM_CLIENTS)
                victim.start()
                # Until the other may die, this one has to be known again.
                self.wait_until_both_answer(served, load)
        self.assertLessEqual(set(load.outcomes), {"whole", "broken"}, load.counts())

    def wait_until_both_answer(self, served, load):
        def num_healthy():
            return served.client.metrics()["tessera_gateway_verifier_healthy"]
        end = time.monotonic() + SECONDS
        while num_healthy() < 2:
            self.assertLess(time.monotonic(), end, load.counts())
            time.sleep(0.1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
