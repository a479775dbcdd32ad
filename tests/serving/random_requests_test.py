#!/usr/bin/env python3
"""Random requests, many of them left or wrong, leave the server as it was.

usage: random_requests_test.py TESSERA [--seconds N] [--seed N]
"""

import argparse
import http.client
import os
import random
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api_client import Broken, Refused  # noqa: E402
from server_process import Served  # noqa: E402

NUM_CLIENTS = 24
SECONDS_TO_SETTLE = 60
WORDS = "the sea a lighthouse and bread rust winter why birds sing in seven".split()
BAD_FIELDS = [("temperature", -1), ("top_p", 0), ("n", 0), ("max_tokens", -5),
              ("stop", [1]), ("logit_bias", {"x": 1}), ("seed", "a"), ("min_p", 2),
              ("stream", "yes"), ("messages", []), ("priority", 1.5),
              ("top_logprobs", 99), ("prediction", {"type": "content"})]
SOURCES = {"target", "text", "prediction", "draft_model"}
OPTIONS = argparse.Namespace(seconds=10.0, seed=1, tessera=None)


class Requests:
    """Draws one request after another and makes them."""

    def __init__(self, client, model, seed):
        self._client, self._model = client, model
        self._random = random.Random(seed)
        self.counts = {}
        self.failures = []

    def make_one(self):
        kind = self._random.choice([
            self.streamed, self.streamed, self.left, self.left, self.whole, self.whole,
            self.several, self.long, self.bad, self.tokenized])
        self.counts[kind.__name__] = self.counts.get(kind.__name__, 0) + 1
        try:
            kind()
        except (AssertionError, Broken, Refused, OSError, ValueError, KeyError,
                http.client.HTTPException) as error:
            self.failures.append(f"{kind.__name__}: {error!r}")

    def _text(self, most):
        return " ".join(self._random.choices(WORDS, k=self._random.randint(1, most)))

    def _chat(self, **more):
        draw = self._random
        payload = {"model": self._model, "max_tokens": draw.randint(1, 40),
                   "temperature": draw.choice([0, 0.7, 1.5]), "seed": draw.randint(0, 99),
                   "messages": [{"role": "user", "content": self._text(30)}]}
        for field, value in (("stop", [" the", "."]), ("priority", draw.randint(-3, 3)),
                             ("cache_salt", draw.choice("ab")), ("ignore_eos", True),
                             ("frequency_penalty", 0.5), ("logprobs", True),
                             ("min_tokens", 3), ("return_token_sources", True),
                             ("max_draft_tokens", draw.randint(0, 5)),
                             ("prediction", {"type": "content",
                                             "content": self._text(30)})):
            if draw.random() < 0.25:
                payload[field] = value
        if "min_tokens" in payload:
            payload["max_tokens"] += 3
        return {**payload, **more}

    def _post(self, payload, wanted=200, path="/v1/chat/completions"):
        status, reply = self._client.post(path, payload)
        if status != wanted:
            raise AssertionError(f"status {status}: {str(reply)[:200]}")
        return reply

    def _check_usage(self, payload, sources, usage):
        """sources: of all choices' tokens."""
        if payload.get("return_token_sources"):
            if len(sources) != usage["completion_tokens"] or set(sources) - SOURCES:
                raise AssertionError(f"{sources}: of {usage['completion_tokens']} tokens")
        details = usage["completion_tokens_details"]
        accepted = details["accepted_prediction_tokens"]
        if accepted > usage["completion_tokens"] or (
                payload.get("return_token_sources") and
                accepted < sources.count("prediction")):
            raise AssertionError(f"{details}, and sources {sources}")

    def streamed(self):
        payload = self._chat(stream_options={"include_usage": True})
        sources, usage = [], None
        for event in self._client.stream("/v1/chat/completions", payload):
            usage = event["usage"] or usage
            for choice in event["choices"]:
                sources += choice.get("token_sources", [])
        self._check_usage(payload, sources, usage)

    def left(self):
        """Hangs up after some events, or before any."""
        stream = self._client.stream("/v1/chat/completions",
                                     self._chat(max_tokens=2000, ignore_eos=True))
        events = iter(stream)
        for _ in range(self._random.randint(0, 12)):
            if next(events, None) is None:
                break
        stream.close()

    def whole(self):
        payload = self._chat()
        reply = self._post(payload)
        self._check_usage(payload, reply["choices"][0].get("token_sources", []),
                          reply["usage"])

    def several(self):
        n = self._random.randint(2, 4)
        reply = self._post(self._chat(n=n, temperature=1))
        if len(reply["choices"]) != n:
            raise AssertionError(f"{len(reply['choices'])} choices of {n}")

    def long(self):
        ids = [self._random.randint(600, 40_000) for _ in range(
            self._random.randint(300, 1500))]
        self._post({"model": self._model, "prompt": ids, "max_tokens": 4},
                   path="/v1/completions")

    def bad(self):
        field, value = self._random.choice(BAD_FIELDS)
        self._post(self._chat(**{"logprobs": True, field: value}), wanted=400)

    def tokenized(self):
        reply = self._post({"model": self._model, "prompt": self._text(50)},
                           path="/tokenize")
        if reply["count"] != len(reply["tokens"]):
            raise AssertionError("count is not the number of tokens")


class RandomRequestsTest(unittest.TestCase):
    def setUp(self):
        # Little memory, so that requests wait and are preempted.
        self.served = Served(OPTIONS.tessera, "--kv-memory", "48MiB")
        self.addCleanup(self.served.close)

    def gauges(self):
        metrics = self.served.client.metrics()
        return {name: metrics["tessera_" + name] for name in
                ("num_requests_running", "num_requests_waiting", "kv_cache_usage_perc")}

    def run_clients(self):
        """All clients' Requests, after they went on for some time."""
        model = self.served.client.model()
        clients = [Requests(self.served.client, model, OPTIONS.seed * 1000 + index)
                   for index in range(NUM_CLIENTS)]
        end = time.monotonic() + OPTIONS.seconds

        def run(requests):
            while time.monotonic() < end:
                requests.make_one()
        threads = [threading.Thread(target=run, args=(each,)) for each in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return clients

    def test_gauges_and_blocks_return(self):
        before, files = self.gauges(), self.open_files()
        clients = self.run_clients()
        failures = [failure for each in clients for failure in each.failures]
        self.assertEqual([], failures[:5], f"{len(failures)} with --seed "
                         f"{OPTIONS.seed}")
        end = time.monotonic() + SECONDS_TO_SETTLE
        while self.gauges() != before and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(before, self.gauges(), f"--seed {OPTIONS.seed}")
        self.assertLessEqual(self.open_files(), files + 4)
        self.assertEqual(0, self.served.server.terminate())
        made = {}
        for each in clients:
            for kind, count in each.counts.items():
                made[kind] = made.get(kind, 0) + count
        print(f"made {made}")

    def open_files(self):
        return len(os.listdir(f"/proc/{self.served.server.pid}/fd"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tessera")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    _, rest = parser.parse_known_args(namespace=OPTIONS)
    OPTIONS.tessera = os.path.abspath(OPTIONS.tessera)
    unittest.main(argv=sys.argv[:1] + rest, verbosity=2)


if __name__ == "__main__":
    main()
