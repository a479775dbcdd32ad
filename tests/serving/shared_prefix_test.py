#!/usr/bin/env python3
"""--shared-prefix before a real engine: what two callers have in common.

usage: shared_prefix_test.py TESSERA
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api_client import Client  # noqa: E402
from server_process import Served, default_model  # noqa: E402

TESSERA = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
ALICE, BOB = "alices-key-123", "bobs-key-45678"
BLOCK_TOKENS = 32
SYSTEM = {"role": "system", "content":
          "You are the help desk of a library. You know its opening hours, which are "
          "nine to five on workdays and ten to two on Saturdays, and how to borrow, "
          "renew and return a book. You answer in two sentences at most, and you say "
          "so where you do not know; then you name the desk that does."}
QUESTION = ("May I bring back, on a Saturday, the three books that I have had since the "
            "spring, and is there something to pay? I lost the card last week, and my "
            "sister, who borrowed one of them for me, is away until Monday. ")


class SharedPrefixTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.system = cls.write("system.json", json.dumps({"messages": [SYSTEM]}))
        cls.keys = cls.write("keys", f"alice:{ALICE}\nbob:{BOB}\n")
        cls.served = cls.enterClassContext(Served(
            TESSERA, "--api-keys", cls.keys, "--shared-prefix", cls.system,
            "--kv-memory", "128MiB"))
        # As the file is read: without the beginning of an answer.
        status, reply = Client(cls.served.port, ALICE).post(
            "/tokenize", {"messages": [SYSTEM], "add_generation_prompt": False})
        assert status == 200, reply
        cls.num_shared = reply["count"] // BLOCK_TOKENS * BLOCK_TOKENS
        assert cls.num_shared >= 2 * BLOCK_TOKENS

    @classmethod
    def write(cls, name, text):
        path = os.path.join(cls.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def ask(self, key, question, system=True, **more):
        """(tokens of the prompt, of them cached, the answer)."""
        messages = [SYSTEM] if system else []
        status, reply = Client(self.served.port, key).post("/v1/chat/completions", {
            "messages": [*messages, {"role": "user", "content": question}],
            "max_tokens": 8, "temperature": 0, "return_timings": True, **more})
        self.assertEqual(200, status, reply)
        usage = reply["usage"]
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        self.assertEqual(usage["prompt_tokens"] - cached,
                         reply["timings"]["computed_prompt_tokens"])
        return usage["prompt_tokens"], cached, reply["choices"][0]["message"]["content"]

    def test_another_caller_hits_the_shared_blocks_and_misses_the_rest(self):
        first = self.ask(ALICE, QUESTION)
        self.assertIn(first[1], (0, self.num_shared))  # another test was before
        other = self.ask(BOB, QUESTION)
        self.assertEqual(self.num_shared, other[1])
        self.assertEqual(first[2], other[2])
        again = self.ask(BOB, QUESTION)
        self.assertEqual(again[0] - 1, again[1])
        self.assertEqual(first[2], again[2])

    def test_a_salt_of_a_request_is_another_caller_too(self):
        self.ask(ALICE, "Red: " + QUESTION, cache_salt="red")
        self.assertEqual(self.num_shared,
                         self.ask(ALICE, "Red: " + QUESTION, cache_salt="blue")[1])

    def test_without_the_prefix_nothing_is_shared(self):
        self.ask(ALICE, "No system: " + QUESTION, system=False)
        self.assertEqual(0, self.ask(BOB, "No system: " + QUESTION, system=False)[1])

    def refused(self, path, *flags):
        """What serve says that will not start with such a prefix."""
        ended = subprocess.run(
            [TESSERA, "serve", "--model", default_model(), "--port", "0",
             "--shared-prefix", path, *flags], stdin=subprocess.DEVNULL,
            capture_output=True, timeout=120, check=False, text=True)
        self.assertNotEqual(0, ended.returncode)
        return ended.stderr

    def test_a_prefix_that_is_none_is_an_error_that_says_so(self):
        short = self.write("short", "Hello")
        self.assertRegex(self.refused(short), "short: has [0-9]+ tokens?; .*whole blocks of 32")
        wrong = self.write("wrong.json", '{"messages": [{"role": "king", "content": ""}]}')
        self.assertIn("wrong.json: messages[0].role: must be", self.refused(wrong))
        self.assertIn("/no/such: cannot be opened", self.refused("/no/such"))
        self.assertIn("prefix_cache is off", self.refused(self.system, "--prefix-cache", "off"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
