#!/usr/bin/env python3
"""Tenants' caches before a real engine: whose blocks a request finds.

usage: tenants_test.py TESSERA
"""

import hashlib
import hmac
import os
import random
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api_client import Client  # noqa: E402
from server_process import Served, Verifier  # noqa: E402

TESSERA = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
ALICE, BOB = "alices-key-123", "bobs-key-45678"
SECRET, OTHER_SECRET = "a secret of 26 characters!", "another one, as long as it"
BLOCK_TOKENS = 64  # that a hit may leave at its end, at most


def salt_of(key, cache_salt):
    """As services/gateway/caller_salt.h says."""
    message = b""
    for part in (b"tessera caller salt", hashlib.sha256(key.encode()).digest(),
                 cache_salt.encode()):
        message += struct.pack("<Q", len(part)) + part
    return hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()


class TenantsCase(unittest.TestCase):
    num_tokens = 300

    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.with_keys = "--api-keys", cls.write("keys", f"alice:{ALICE}\nbob:{BOB}\n")
        cls.with_secret = "--salt-secret", cls.write("secret", SECRET + "\n")
        cls.with_other = "--salt-secret", cls.write("other", OTHER_SECRET)

    @classmethod
    def write(cls, name, text):
        path = os.path.join(cls.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def setUp(self):
        # No two tests' prompts begin alike.
        self.prompt = random.Random(self.id()).choices(range(1000, 40000),
                                                       k=self.num_tokens)

    def ask(self, served, key=None, tier=None, **more):
        """The prompt's tokens that were cached, in any tier or in this one."""
        status, reply = Client(served.port, key).post("/v1/completions", {
            "prompt": self.prompt, "max_tokens": 1, "return_timings": True, **more})
        self.assertEqual(200, status, reply)
        cached = reply["usage"]["prompt_tokens_details"]["cached_tokens"]
        timings = reply["timings"]
        self.assertEqual(self.num_tokens - cached, timings["computed_prompt_tokens"])
        self.assertEqual(cached, sum(timings["cached_tokens_by_tier"].values()))
        return cached if tier is None else timings["cached_tokens_by_tier"][tier]

    def assert_hit(self, cached):
        self.assertGreaterEqual(cached, self.num_tokens - BLOCK_TOKENS)

    def assert_miss(self, cached):
        self.assertEqual(0, cached)


class TenantsTest(TenantsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.verifier = Verifier(TESSERA)
        cls.addClassCleanup(cls.verifier.kill)
        cls.one = cls.gateway(*cls.with_keys, *cls.with_secret)
        cls.two = cls.gateway(*cls.with_keys, *cls.with_secret)
        cls.stranger = cls.gateway(*cls.with_keys, *cls.with_other)
        cls.drawn = cls.gateway(*cls.with_keys)
        cls.keyless = cls.gateway()

    @classmethod
    def gateway(cls, *flags):
        return cls.enterClassContext(Served(
            TESSERA, "--verifier", cls.verifier.address, *flags, command="gateway",
            model=False))

    def test_the_same_key_hits_and_another_misses(self):
        self.assert_miss(self.ask(self.one, ALICE))
        self.assert_hit(self.ask(self.one, ALICE))
        self.assert_miss(self.ask(self.one, BOB))
        self.assert_hit(self.ask(self.one, BOB))

    def test_a_cache_salt_parts_one_key_and_joins_no_two(self):
        self.assert_miss(self.ask(self.one, ALICE, cache_salt="red"))
        self.assert_miss(self.ask(self.one, ALICE, cache_salt="blue"))
        self.assert_miss(self.ask(self.one, ALICE))
        self.assert_miss(self.ask(self.one, BOB, cache_salt="red"))
        self.assert_hit(self.ask(self.one, ALICE, cache_salt="red"))

    def test_gateways_of_one_secret_share_and_others_do_not(self):
        self.assert_miss(self.ask(self.one, ALICE))
        self.assert_hit(self.ask(self.two, ALICE))
        self.assert_miss(self.ask(self.stranger, ALICE))
        self.assert_miss(self.ask(self.drawn, ALICE))
        self.assert_hit(self.ask(self.drawn, ALICE))

    def test_who_has_no_key_finds_nothing_of_those_who_have(self):
        self.assert_miss(self.ask(self.one, ALICE))
        self.assert_miss(self.ask(self.keyless))
        self.assert_miss(self.ask(self.keyless, cache_salt=salt_of(ALICE, "")))
        self.assert_miss(self.ask(self.one, BOB, cache_salt=salt_of(ALICE, "")))

    def test_without_keys_a_cache_salt_tells_apart(self):
        self.assert_miss(self.ask(self.keyless, cache_salt="red"))
        self.assert_miss(self.ask(self.keyless, cache_salt="blue"))
        self.assert_miss(self.ask(self.keyless))
        self.assert_hit(self.ask(self.keyless, cache_salt="red"))
        self.assert_hit(self.ask(self.keyless))

    def test_no_log_and_no_metric_shows_a_key_or_a_salt(self):
        self.ask(self.one, ALICE, cache_salt="crimson")
        self.ask(self.drawn, BOB, cache_salt="crimson")
        shown = self.one.server.log() + self.drawn.server.log() + self.verifier.process.log()
        for gateway in (self.one, self.drawn):
            shown += gateway.client.request("GET", "/metrics")[2].decode()
        self.assertIn("request finished", shown)
        self.assertIn("tessera_prefix_cache_queries_total", shown)
        self.assertEqual(1, shown.count("no --salt-secret"), "of the gateway without one")
        for hidden in (ALICE, BOB, SECRET, "crimson", salt_of(ALICE, "crimson"),
                       salt_of(ALICE, "")):
            self.assertNotIn(hidden, shown)


class RestartTest(TenantsCase):
    num_tokens = 1500  # far faster to load than to compute

    def serve(self, *flags):
        """A server with the store, ended as an operator does."""
        return Stored(TESSERA, "--prefix-cache-dir", os.path.join(self.folder, "store"),
                      *flags)

    def assert_from_disk(self, cached):
        # How much of it is computed meanwhile is the engine's choice.
        self.assertGreater(cached, self.num_tokens // 2)

    def test_blocks_on_disk_are_their_tenants_after_a_restart(self):
        with self.serve(*self.with_keys, *self.with_secret) as served:
            self.assert_miss(self.ask(served, ALICE))
        with self.serve(*self.with_keys) as served:
            self.assert_miss(self.ask(served, ALICE))
        with self.serve() as served:
            self.assert_miss(self.ask(served, cache_salt=salt_of(ALICE, "")))
            self.assert_miss(self.ask(served, cache_salt="red"))
        with self.serve(*self.with_keys, *self.with_secret) as served:
            self.assert_miss(self.ask(served, BOB))
            self.assert_from_disk(self.ask(served, ALICE, tier="disk"))
        with self.serve() as served:
            self.assert_miss(self.ask(served, cache_salt="blue"))
            self.assert_from_disk(self.ask(served, tier="disk", cache_salt="red"))


class Stored(Served):
    def close(self):
        try:
            self.server.terminate()  # what waits to be written is
        finally:
            super().close()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
