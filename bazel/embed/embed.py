#!/usr/bin/env python3
"""Writes files as C++ string literals; called by embed.bzl."""

import argparse
import os
import sys

LINE_BYTES = 72

HEADER = """\
// Written by bazel/embed/embed.py.
#pragma once

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace {namespace} {{

struct EmbeddedFile {{
  absl::string_view name;
  absl::string_view body;
}};

// In the order of their names.
absl::Span<const EmbeddedFile> {function}();

}}  // namespace {namespace}
"""

SOURCE = """\
// Written by bazel/embed/embed.py.
#include "{include}"

namespace {namespace} {{
namespace {{

constexpr EmbeddedFile kFiles[] = {{
{entries}
}};

}}  // namespace

absl::Span<const EmbeddedFile> {function}() {{ return kFiles; }}

}}  // namespace {namespace}
"""


def escaped(byte):
    """One byte inside a literal. Octal takes at most three digits, so that the
    next character cannot become part of it, as it can after \\x."""
    character = chr(byte)
    if character in '"\\?':  # ?: a trigraph otherwise
        return "\\" + character
    if character == "\n":
        return "\\n"
    return character if 32 <= byte < 127 else f"\\{byte:03o}"


def literal(data):
    """The bytes as adjacent string literals."""
    lines = []
    for start in range(0, len(data), LINE_BYTES):
        piece = data[start:start + LINE_BYTES]
        lines.append('     "' + "".join(map(escaped, piece)) + '"')
    return "\n".join(lines) or '     ""'


def entry(name, data):
    # The length is given: a body may hold NULs.
    return f'    {{"{name}",\n     {{\n{literal(data)},\n     {len(data)}}}}},'


def read(paths):
    """[(base name, bytes)] in the order of the names."""
    files = {}
    for path in paths:
        name = os.path.basename(path)
        if name in files:
            raise ValueError(f"two files are named {name}")
        with open(path, "rb") as file:
            files[name] = file.read()
    return sorted(files.items())


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    for flag in ("header", "source", "include", "namespace", "function"):
        parser.add_argument("--" + flag, required=True)
    parser.add_argument("files", nargs="+")
    options = parser.parse_args(arguments)
    words = vars(options)
    try:
        entries = "\n".join(entry(*file) for file in read(options.files))
    except ValueError as error:
        sys.exit(f"embed.py: {error}")
    for path, text in ((options.header, HEADER.format(**words)),
                       (options.source, SOURCE.format(entries=entries, **words))):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)


if __name__ == "__main__":
    main(sys.argv[1:])
