#!/usr/bin/env python3
"""Every rule of format_build.py, broken once, and what --fix mends."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import format_build  # noqa: E402

GOOD = '''load("@rules_cc//cc:defs.bzl", "cc_library", "cc_test")

cc_library(
    name = "x",
    srcs = ["x.cc"],
    deps = [
        ":a",
        "//libs/base:check",
        "@com_google_absl//absl/status",
    ] + select({
        "//conditions:default": [],
    }),
    **extra
)

[
    cc_test(name = n)
    for n in ["a", "b"]
]
'''


class FormatBuildTest(unittest.TestCase):
    def whats(self, text):
        return [what for _, what in format_build.check("p/BUILD", text)]

    def assert_found(self, old, new, words):
        self.assertIn(old, GOOD)
        found = self.whats(GOOD.replace(old, new, 1))
        self.assertTrue(any(words in what for what in found), found)

    def test_accepts_good_format(self):
        self.assertEqual([], self.whats(GOOD))

    def test_finds_each_fault(self):
        self.assert_found("    name", "\tname", "tab")
        self.assert_found("    name", "  name", "indent by 4")
        self.assert_found('"x.cc"', "'x.cc'", "double quotes")
        self.assert_found('"x",', '"x", ', "end of the line")
        self.assert_found('absl/status",', 'absl/status"', "comma")
        self.assert_found('"cc_library", "cc_test"', '"cc_test", "cc_library"', "sort what")
        self.assert_found('["x.cc"]', '["x.cc", "y.cc"]', "one element a line")
        self.assert_found('        ":a",\n        "//libs/base:check",\n',
                          '        "//libs/base:check",\n        ":a",\n', "sort the list")
        self.assert_found('    name = "x",\n    srcs = ["x.cc"],\n',
                          '    srcs = ["x.cc"],\n    name = "x",\n', "name comes first")

    def test_reports_a_syntax_error(self):
        self.assertIn("syntax", self.whats("cc_library(\n")[-1])

    def test_load_after_a_rule(self):
        self.assertIn("load() belongs at the top",
                      self.whats('x(name = "x")\n\nload("a", "b")\n'))

    def test_fix_sorts_and_strips(self):
        bad = GOOD.replace('        ":a",\n        "//libs/base:check",\n',
                           '        "//libs/base:check",\n        ":a",  \n') + "\n\n"
        self.assertEqual(GOOD, format_build.fix(bad, is_build=True))

    def test_fix_leaves_comments_to_a_person(self):
        text = 'x(\n    deps = [\n        ":b",\n        # why\n        ":a",\n    ],\n)\n'
        self.assertEqual(text, format_build.fix(text, is_build=True))
        self.assertIn("sort the list", self.whats(text)[0])


if __name__ == "__main__":
    unittest.main()
