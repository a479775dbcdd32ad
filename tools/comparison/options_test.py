#!/usr/bin/env python3
"""The command line says what it does not take."""

import contextlib
import io
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import comparison  # noqa: E402
import options  # noqa: E402


class OptionsTest(unittest.TestCase):
    def error(self, *arguments):
        with contextlib.redirect_stderr(io.StringIO()) as errors, \
                self.assertRaises(SystemExit):
            options.parse(arguments)
        return errors.getvalue()

    def test_defaults(self):
        parsed = options.parse([])
        self.assertEqual(list(comparison.SECTIONS), parsed.rows)
        self.assertEqual((5, 2, [], "auto"), (parsed.rounds, parsed.threads,
                                              parsed.peer, parsed.kernels))

    def test_peers_have_names(self):
        parsed = options.parse(["--peer", "a=/x=y", "--peer", "b=z"])
        self.assertEqual([("a", "/x=y"), ("b", "z")], parsed.peer)

    def test_rows_keep_the_tables_order(self):
        self.assertEqual(["decode", "memory"],
                         options.parse(["--rows", "memory,decode"]).rows)

    def test_refusals_name_what_is_wrong(self):
        for words, arguments in (
                ("expected NAME=DIR, got 'tree'", ["--peer", "tree"]),
                ("two are named a", ["--peer", "a=x", "--peer", "a=y"]),
                ("'speed' is none of decode,", ["--rows", "speed"]),
                ("no --peer is named ik", ["--peer-prefill-model", "ik=m"]),
                ("give a --peer", ["--formats"]),
                ("--format belongs to --formats",
                 ["--peer", "a=x", "--format", "Q4_0"]),
                ("expected numbers of 1 to 1000", ["--rounds", "0"])):
            self.assertIn(words, self.error(*arguments))


if __name__ == "__main__":
    unittest.main()
