#!/usr/bin/env python3
"""Two callers before a server with a store: in memory, and on disk.

What one has asked is found by its own key after a restart, and by another's
only as far as --shared-prefix goes; the other's counts, and so its time, are the
same whether the first asked the same or something else.

usage: stored_tenants_test.py TESSERA
"""

import json
import os
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api_client import Client  # noqa: E402
from server_process import Backend, Served  # noqa: E402

TESSERA = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
ALICE, BOB = "alices-key-123", "bobs-key-45678"
BLOCK_TOKENS = 32
WAIT_SECONDS = 60


# Long, so that loading pays on any machine.
def numbers(first, count):
    return " ".join(str(number) for number in range(first, first + count))


SYSTEM = {"role": "system", "content": "Remember these: " + numbers(100, 200)}
SECRET, OTHER = (f"And mine, {numbers(first, 200)}: what follows?" for first in (500, 700))


class StoredTenantsTest(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.keys = self.write("keys", f"alice:{ALICE}\nbob:{BOB}\n")
        self.system = self.write("system.json", json.dumps({"messages": [SYSTEM]}))
        # Callers' names in the store have to outlive a restart.
        self.secret = self.write("secret", "a secret of 26 characters!")

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def serve(self, *store):
        return Served(TESSERA, "--api-keys", self.keys, "--salt-secret", self.secret,
                      "--shared-prefix", self.system, "--kv-memory", "256MiB", *store)

    def ask(self, served, key, question):
        """(what the caller sees of the caches, the answer)."""
        before = served.client.metrics()
        status, reply = Client(served.port, key).post("/v1/chat/completions", {
            "messages": [SYSTEM, {"role": "user", "content": question}],
            "max_tokens": 8, "temperature": 0, "return_timings": True})
        self.assertEqual(200, status, reply)
        after = served.client.metrics()
        seen = {name: after[name] - before[name] for name in (
            "tessera_prefix_store_queries_total", "tessera_prefix_store_hits_total",
            "tessera_prefix_store_loaded_bytes_total")}
        seen["tiers"] = reply["timings"]["cached_tokens_by_tier"]
        seen["prompt"] = reply["usage"]["prompt_tokens"]
        seen["computed"] = reply["timings"]["computed_prompt_tokens"]
        return seen, reply["choices"][0]["message"]["content"]

    def store(self, served, key, question):
        """Asks, and waits until the store has all whole blocks."""
        seen, _ = self.ask(served, key, question)
        wanted = seen["prompt"] // BLOCK_TOKENS
        end = time.monotonic() + WAIT_SECONDS
        while served.client.metrics()["tessera_prefix_store_put_blocks_total"] < wanted:
            self.assertLess(time.monotonic(), end, "not put")
            time.sleep(0.05)

    def num_shared(self, served):
        status, reply = Client(served.port, BOB).post(
            "/tokenize", {"messages": [SYSTEM], "add_generation_prompt": False})
        self.assertEqual(200, status, reply)
        return reply["count"] // BLOCK_TOKENS * BLOCK_TOKENS

    def check(self, tier, new_store):
        """`new_store()`: the flags of one that has nothing yet."""
        seen = {}
        for victims in (SECRET, OTHER):
            flags = new_store()
            with self.serve(*flags) as served:
                self.store(served, ALICE, victims)
                self.assertEqual(0, served.server.terminate())
            with self.serve(*flags) as served:
                seen[victims], answer = self.ask(served, BOB, SECRET)
                own, own_answer = self.ask(served, ALICE, victims)
                shared = self.num_shared(served)
            self.assertGreater(shared, 10 * BLOCK_TOKENS)
            self.assertEqual({tier: shared}, self.nonzero(seen[victims]["tiers"]))
            self.assertEqual(shared, seen[victims]["prompt"] - seen[victims]["computed"])
            # The same key: the shared blocks are in the engine by now.
            self.assertEqual({"engine", tier}, set(self.nonzero(own["tiers"])))
            self.assertLess(own["computed"], 2 * BLOCK_TOKENS)
            if victims == SECRET:
                self.assertEqual(answer, own_answer)
        self.assertEqual(seen[SECRET], seen[OTHER], "the victim's prompt is seen")

    @staticmethod
    def nonzero(tiers):
        return {name: count for name, count in tiers.items() if count}

    def test_in_a_stores_memory(self):
        def new_store():
            store = Backend(TESSERA, "prefix_cache", "--memory", "512MiB")
            self.addCleanup(store.kill)
            return "--prefix-cache", store.address

        self.check("memory", new_store)

    def test_on_disk(self):
        def new_store():
            return ("--prefix-cache-dir",
                    self.enterContext(tempfile.TemporaryDirectory()))

        self.check("disk", new_store)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
