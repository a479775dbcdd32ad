#!/usr/bin/env python3
"""A verifier whose speculator and store are reached by TLS: where both sides
believe each other there are drafts and hits; where they do not there are none,
no request fails, no answer changes, and the log says why.

usage: tls_test.py TESSERA
"""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from certificates import Authority  # noqa: E402
from server_process import PrefixCache, Served, Speculator, Verifier  # noqa: E402
from steady_load import wait_until  # noqa: E402

TESSERA = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
BLOCK_TOKENS = 32
# Short, so that the draft model has soon seen it.
DRAFTED = {"prompt": "Story 1:", "max_tokens": 32, "ignore_eos": True, "temperature": 0}
# Long, so that loading pays on any machine.
STORED = {"prompt": " ".join(str(number) for number in range(100, 250)),
          "max_tokens": 8, "ignore_eos": True, "temperature": 0}


def tls(prefix, authority=None, identity=None):
    """The flags; prefix: of their names."""
    flags = []
    if authority:
        flags += [f"--{prefix}tls-ca", authority.certificate]
    if identity:
        flags += [f"--{prefix}tls-certificate", identity.certificate,
                  f"--{prefix}tls-key", identity.key]
    return flags


class TlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.ours, cls.foreign = (Authority(folder, name) for name in ("ours", "foreign"))
        cls.service, cls.client = cls.ours.sign("service"), cls.ours.sign("client")
        cls.stranger = cls.foreign.sign("client")
        with Served(TESSERA, "--threads", "1", "--kv-memory", "128MiB", "--speculation",
                    "off", "--prefix-cache", "off") as plain:
            cls.expected = [cls.ask(plain, request)[0] for request in (DRAFTED, STORED)]

    def start_services(self, *flags):
        """A speculator and a store, with these flags both."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.speculator = Speculator(TESSERA, *flags)
        self.addCleanup(self.speculator.kill)
        self.store = PrefixCache(TESSERA, folder, *flags)
        self.addCleanup(self.store.kill)

    def start(self, *identity):
        """A gateway, and a verifier that shows them `identity`: tls()'s."""
        self.verifier = Verifier(
            TESSERA, "--speculation", "draft", "--speculator", self.speculator.address,
            "--prefix-cache", self.store.address, *tls("speculator-", *identity),
            *tls("prefix-cache-", *identity), *tls("", self.ours, self.service))
        self.addCleanup(self.verifier.kill)
        self.served = self.enterContext(Served(
            TESSERA, "--verifier", self.verifier.address,
            *tls("verifier-", self.ours, self.client), command="gateway", model=False))

    @staticmethod
    def ask(served, request):
        """(the answer, how many tokens of the prompt were in the store's memory)."""
        status, reply = served.client.post("/v1/completions",
                                           {**request, "return_timings": True})
        if status != 200:
            return f"status {status}", 0
        return (reply["choices"][0]["text"],
                reply["timings"]["cached_tokens_by_tier"]["memory"])

    def metric(self, name):
        return self.verifier.metrics()[name]

    def expect_drafts_and_hits(self, *identity):
        self.start(*identity)
        wait_until(lambda: self.metric("tessera_speculator_client_ready") == 1,
                   "speculator")

        def is_drafted():
            self.assertEqual(self.ask(self.served, DRAFTED)[0], self.expected[0])
            return self.metric("tessera_spec_decode_num_accepted_tokens_total") > 0
        wait_until(is_drafted, "draft accepted")
        self.assertEqual(self.ask(self.served, STORED), (self.expected[1], 0))
        wait_until(lambda: self.metric("tessera_prefix_store_put_blocks_total") > 5,
                   "block put")
        self.assertEqual(self.verifier.terminate(), 0)
        # Another, which has nothing cached itself.
        self.start(*identity)
        answer, hits = self.ask(self.served, STORED)
        self.assertEqual(answer, self.expected[1])
        self.assertGreater(hits, 5 * BLOCK_TOKENS)

    def test_services_with_a_certificate_are_believed_by_their_authority(self):
        self.start_services(*tls("", None, self.service))
        self.expect_drafts_and_hits(self.ours)

    def test_services_believe_a_verifier_by_its_authority(self):
        self.start_services(*tls("", self.ours, self.service))
        self.expect_drafts_and_hits(self.ours, self.client)

    def expect_neither(self, *identity):
        self.start(*identity)
        for _ in range(2):
            for request, expected in zip((DRAFTED, STORED), self.expected):
                self.assertEqual(self.ask(self.served, request), (expected, 0))
        self.expect_reason("no drafts from the speculator", self.speculator)
        self.expect_reason("no prefix store", self.store)
        for name in ("tessera_speculator_client_ready",
                     "tessera_spec_decode_num_draft_tokens_total",
                     "tessera_prefix_store_put_blocks_total",
                     "tessera_prefix_store_hits_total"):
            self.assertEqual(self.metric(name), 0, name)
        self.assertEqual(self.verifier.terminate(), 0)

    def expect_reason(self, event, service):
        """The log says so, of whom and why."""
        def is_said():
            return any(event in line and "UNAVAILABLE" in line and service.address in line
                       for line in self.verifier.process.log().splitlines())
        wait_until(is_said, f"line of {event!r} with the reason")

    def test_a_service_of_a_foreign_authority_is_not_believed(self):
        self.start_services(*tls("", None, self.service))
        self.expect_neither(self.foreign)

    def test_a_verifier_without_a_certificate_is_not_believed(self):
        self.start_services(*tls("", self.ours, self.service))
        self.expect_neither(self.ours)

    def test_a_verifier_of_a_foreign_authority_is_not_believed(self):
        self.start_services(*tls("", self.ours, self.service))
        self.expect_neither(self.ours, self.stranger)

    def test_a_verifier_in_plain_text_is_not_believed(self):
        self.start_services(*tls("", None, self.service))
        self.expect_neither()

    def test_services_in_plain_text_are_not_believed(self):
        self.start_services()
        self.expect_neither(self.ours)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
