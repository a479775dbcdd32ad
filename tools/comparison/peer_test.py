#!/usr/bin/env python3
"""peer.py against programs that record how they were called."""

import json
import math
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bench_json import Work  # noqa: E402
from command import CommandFailed  # noqa: E402
from peer import IK_LLAMA_CPP, LLAMA_CPP, Peer, parse_perplexity  # noqa: E402

LLAMA_CPP_HELP = "  -d, --n-depth <n>   (default: 0)"
IK_HELP = "  -rtr, --run-time-repack <0|1>  (default: 0)"
SAMPLES = [{"n_prompt": 0, "n_gen": 2, "samples_ns": [9e9, 4e9, 5e9]}]


class PeerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def program(self, name, output, bench_help=""):
        path = os.path.join(self.folder, "build", "bin", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n"
                       f"[ \"$1\" = --help ] && echo '{bench_help}' && exit\n"
                       f"echo \"$@\" >>{self.folder}/calls\n"
                       f"cat <<'END'\n{output}\nEND\n")
        os.chmod(path, 0o755)

    def peer(self, bench_help):
        self.program("llama-bench", json.dumps(SAMPLES), bench_help)
        return Peer("p", self.folder, "m.gguf", 2, self.folder)

    def calls(self):
        with open(os.path.join(self.folder, "calls"), encoding="utf-8") as file:
            return file.read().splitlines()

    def test_llama_cpp_warms_itself_up(self):
        peer = self.peer(LLAMA_CPP_HELP)
        self.assertEqual((LLAMA_CPP, True), (peer.flavour, peer.has_depth))
        samples = peer.bench(prompts=[4, 8], depth=4096, repetitions=3)
        self.assertEqual([9, 4, 5], samples[Work(0, 2, 0)])
        self.assertEqual(["-m m.gguf -t 2 -fa 1 -o json -r 3 -p 4,8 -n 0 -d 4096"],
                         self.calls())

    def test_ik_llama_cpp_is_given_one_repetition_to_warm_up(self):
        peer = self.peer(IK_HELP)
        self.assertEqual((IK_LLAMA_CPP, False), (peer.flavour, peer.has_depth))
        samples = peer.bench(generated=[2], repetitions=2)
        self.assertEqual([4, 5], samples[Work(0, 2, 0)])
        self.assertEqual(
            ["-m m.gguf -t 2 -fa 1 -o json -r 3 -p 0 -n 2 -rtr 1"], self.calls())

    def test_perplexity_is_asked_in_passes(self):
        peer = self.peer(LLAMA_CPP_HELP)
        self.program("llama-perplexity", "Final estimate: PPL = 19.25 +/- 1.97")
        self.assertEqual(19.25, peer.perplexity("t", 256, 8, 5))
        self.assertEqual(["-m m.gguf -f t -c 256 -b 256 -ub 8 --chunks 5 -t 2 "
                          "-fa on"], self.calls())

    def test_a_missing_program_is_named(self):
        with self.assertRaisesRegex(CommandFailed, "--peer p: .*llama-bench"):
            Peer("p", self.folder, "m.gguf", 2, self.folder)


class ParsePerplexityTest(unittest.TestCase):
    def test_reads_both_peers(self):
        self.assertEqual(19.2504, parse_perplexity(
            "[5]19.2504,\n0.05 I Final estimate: PPL = 19.2504 +/- 1.97650\n"))
        self.assertEqual(98.3989, parse_perplexity(
            "Final estimate: PPL over 5 chunks for n_ctx=256 = 98.3989 +/- 11.9"))

    def test_no_figure_is_nan(self):
        for text in ("", "Unexpected negative standard deviation of log(prob)",
                     "Final estimate: PPL = nan +/- nan"):
            self.assertTrue(math.isnan(parse_perplexity(text)), text)


if __name__ == "__main__":
    unittest.main()
