#!/usr/bin/env python3
"""Fails on an include or a dep that breaks the layers, and names the rule.

usage: check.py [ROOT]      (the tree's top; by default the one this file is in)

The rows are data: layers.txt beside this file. The rules:

  unknown-folder   every folder of libs/ has its row in layers.txt
  layer            depend on rows above your own only, never on your own row
  libs-proto       libs/ never sees proto/: convert at a service's edge
  service-client   one service sees of another its client/ alone
  include-path     includes of this tree start at its top, never at "./" or "../"
  isa-include      a source compiled for one instruction set (*_avx2.cc,
                   *_avx512.cc, *_amx.cc) includes intrinsics, a few C headers,
                   its own folder's headers and those named for an instruction
                   set (avx512_*.h), which do the same: the linker may take any
                   copy of an inline function, and a copy with AVX-512 crashes a
                   lesser CPU
  isa-inline       for that reason those headers define no inline function and
                   no template outside `namespace {`, unless it is static
  isa-copts        and only sources so named are given such compiler flags
"""

import ast
import os
import re
import subprocess
import sys
from typing import NamedTuple

OURS = ("libs", "proto", "services", "tools", "tests", "bazel", "third_party")
UNLAYERED = ("bazel", "third_party")  # build machinery: anyone may use it
CODE = (".cc", ".h", ".cu", ".cuh")
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
ISA_SOURCE = re.compile(r"_(avx2|avx512|amx)\.cc$")
ISA_HEADER = re.compile(r"/(avx2|avx512|amx)_\w+\.h$")
ISA_FLAGS = re.compile(r"AMX|AVX|-mamx|-mavx|-mfma|-march")
ISA_HEADERS = ("immintrin.h", "cstdint", "cstddef", "cmath", "cstring")
SHARED_FUNCTION = re.compile(r"^\s*(template\b|inline\b(?!\s+constexpr\b[^(]*=))")
ANONYMOUS = re.compile(r"^\s*namespace\s*\{")


class Violation(NamedTuple):
    path: str
    line: int
    rule: str
    what: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.what}"


class Layers:
    """layers.txt: which row a folder is in."""

    def __init__(self, text):
        self.rows = []  # (name, [folder, ...]), lowest first
        for line in text.splitlines():
            words = line.split("#")[0].split()
            if words:
                self.rows.append((words[0], words[1:]))

    def library(self, path):
        """(row index, row name, library) of the file at `path`, or None."""
        for index, (name, folders) in enumerate(self.rows):
            for folder in folders:
                if folder.endswith("/*"):
                    top = folder[:-1]
                    if path.startswith(top) and "/" in path[len(top):]:
                        return index, name, top + path[len(top):].split("/")[0]
                elif path.startswith(folder + "/"):
                    return index, name, folder
        return None

    def broken_by(self, source, target):
        """The rule and the reason, if `source` may not depend on `target`."""
        if target.startswith("proto/") and source.startswith("libs/"):
            return "libs-proto", "libs/ never sees proto/"
        above, below = self.library(source), self.library(target)
        if above is None or below is None or above[2] == below[2]:
            return None
        if source.startswith("services/") and target.startswith("services/"):
            if target.startswith(below[2] + "/client/"):
                return None
            return "service-client", f"{above[2]} may use {below[2]}/client alone"
        if above[0] > below[0]:
            return None
        return "layer", (f"{above[2]} (row {above[1]}) may not depend on "
                         f"{below[2]} (row {below[1]})")


def includes(text):
    """(line number, "<" or '"', path) of every #include."""
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1], match[2]


def check_source(layers, path, text, exists):
    """Violations in one C++ file. exists(path): is it a file of the tree?"""
    if path.startswith("libs/") and layers.library(path) is None:
        yield Violation(path, 1, "unknown-folder",
                        "no row of tools/layers/layers.txt names this folder")
    for line, quote, target in includes(text):
        if quote == "<":
            continue
        if target.startswith(".") or (
                target.split("/")[0] not in OURS
                and exists(os.path.join(os.path.dirname(path), target))):
            yield Violation(path, line, "include-path",
                            f'write "{target}" from the top of the tree')
            continue
        broken = layers.broken_by(path, target)
        if broken:
            yield Violation(path, line, broken[0],
                            f'#include "{target}": {broken[1]}')


def check_isa_source(path, read):
    """Violations in an instruction set's source and the headers it includes."""
    folder = os.path.dirname(path)
    pending, seen = [path], {path}
    while pending:
        current = pending.pop()
        text = read(current)
        for line, quote, target in includes(text):
            if quote == "<" and target in ISA_HEADERS:
                continue
            if quote == '"' and (os.path.dirname(target) == folder
                                 or ISA_HEADER.search(target)):
                if target not in seen and read(target) is not None:
                    seen.add(target)
                    pending.append(target)
                continue
            reason = "" if current == path else f", and {path} includes this header"
            yield Violation(current, line, "isa-include",
                            f"{target} is not allowed here{reason}")
        if current != path:
            yield from _shared_functions(current, text)


def _shared_functions(path, text):
    anonymous = False
    for number, line in enumerate(text.splitlines(), 1):
        anonymous = anonymous or bool(ANONYMOUS.match(line))
        if not anonymous and SHARED_FUNCTION.match(line):
            yield Violation(path, number, "isa-inline",
                            "make it static, or declare it and define it elsewhere")


def check_build(layers, path, text):
    """Violations in one BUILD file."""
    package = os.path.dirname(path)
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        yield Violation(path, error.lineno or 1, "syntax", error.msg)
        return
    for statement in ast.walk(tree):
        if not isinstance(statement, ast.Call):
            continue
        for keyword in statement.keywords:
            if keyword.arg in ("visibility", "default_visibility"):
                continue
            for node in _strings(keyword.value):
                target = _label_path(node.value)
                broken = target and layers.broken_by(package + "/BUILD", target)
                if broken:
                    yield Violation(path, node.lineno, broken[0],
                                    f"{node.value}: {broken[1]}")
        yield from _isa_copts(path, statement)


def _label_path(label):
    """A path inside the package of //package:target, or None."""
    if not label.startswith("//"):
        return None
    return label[2:].split(":")[0] + "/BUILD"


def _strings(node):
    for child in ast.walk(node):
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child


def _isa_copts(path, call):
    attributes = {k.arg: k.value for k in call.keywords}
    if "copts" not in attributes or "srcs" not in attributes:
        return
    if not ISA_FLAGS.search(ast.unparse(attributes["copts"])):
        return
    for node in _strings(attributes["srcs"]):
        if node.value.endswith(".cc") and not ISA_SOURCE.search(node.value):
            yield Violation(path, node.lineno, "isa-copts",
                            f"{node.value} is not named for an instruction set")


def check_tree(root):
    """All violations of the tree at `root`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard",
         "--deduplicate"],
        cwd=root, check=True, stdout=subprocess.PIPE).stdout.decode()
    paths = [p for p in listed.split("\0") if p.split("/")[0] in OURS]

    def exists(path):
        return os.path.isfile(os.path.join(root, path))

    def read(path):
        if not exists(path):
            return None
        with open(os.path.join(root, path), encoding="utf-8") as file:
            return file.read()

    layers = Layers(read("tools/layers/layers.txt"))
    found = set()
    for path in filter(exists, paths):
        if path.split("/")[0] in UNLAYERED:
            continue
        if path.endswith(CODE):
            found.update(check_source(layers, path, read(path), exists))
        if ISA_SOURCE.search(path):
            found.update(check_isa_source(path, read))
        if os.path.basename(path) == "BUILD":
            found.update(check_build(layers, path, read(path)))
    return sorted(found)


def main(arguments):
    here = os.path.dirname(os.path.abspath(__file__))
    root = arguments[0] if arguments else os.path.dirname(os.path.dirname(here))
    violations = check_tree(root)
    for violation in violations:
        print(violation)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
