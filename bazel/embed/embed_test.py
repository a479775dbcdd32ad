#!/usr/bin/env python3
"""What embed.py writes means the bytes that it read."""

import ast
import os
import re
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import embed  # noqa: E402


def meaning(text):
    """The bytes of adjacent C literals; Python spells these escapes alike."""
    return b"".join(ast.literal_eval("b" + line.strip().replace("\\?", "?"))
                    for line in text.splitlines())


class EmbedTest(unittest.TestCase):
    def test_every_byte_survives(self):
        for data in (b"", bytes(range(256)) * 3, b'"\\n\\" ??/ \r\n', b"\x001\x019"):
            self.assertEqual(data, meaning(embed.literal(data)))

    def test_no_trigraph_is_left(self):
        self.assertNotIn("??", embed.literal(b"what??/"))

    def test_files_come_in_the_order_of_names_with_their_lengths(self):
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for name, body in (("b.js", b"22"), ("a.css", b"1\0")):
                paths.append(os.path.join(folder, name))
                with open(paths[-1], "wb") as file:
                    file.write(body)
            source = os.path.join(folder, "out.cc")
            embed.main(["--header", os.path.join(folder, "out.h"),
                        "--source", source, "--include", "x/out.h",
                        "--namespace", "a::b", "--function", "Files", *paths])
            with open(source, encoding="ascii") as file:
                text = file.read()
        self.assertEqual(["a.css", "b.js"], re.findall(r'\{"([ab].*?)"', text))
        self.assertIn('"1\\000",\n     2}', text)
        self.assertIn('#include "x/out.h"', text)

    def test_equal_names_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a")
            with open(path, "wb"):
                pass
            with self.assertRaisesRegex(ValueError, "two files are named a"):
                embed.read([path, path])


if __name__ == "__main__":
    unittest.main()
