#!/usr/bin/env python3
"""Checks the format of BUILD, WORKSPACE and .bzl files; --fix mends the simple.

usage: format_build.py [--fix] [FILE ...]      (by default every one of the tree)

buildifier is no Debian package. These of its rules matter most, because they
keep diffs small and lists searchable: 4-space indents, double quotes, a comma
after the last line of a multi-line list or call, `load` at the top, a rule's
name first, file and label lists sorted, and one element a line from two on.
"""

import ast
import io
import os
import re
import subprocess
import sys
import tokenize

# Lists whose order means nothing, so that they can be sorted.
SORTED = ("data", "deps", "hdrs", "srcs", "tags", "textual_hdrs", "visibility")
OPEN, CLOSE = ("(", "[", "{"), (")", "]", "}")


def sort_key(label):
    """buildifier's order: files and :targets, then //, then @."""
    phase = 3 if label.startswith("@") else 2 if label.startswith("//") else (
        1 if label.startswith(":") else 0)
    return phase, re.split(r"[:.]", label), label


def check_lines(text):
    """(line, what) for whitespace."""
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            yield number, "a tab: indent by 4 spaces"
        if line != line.rstrip():
            yield number, "space at the end of the line"
    if text and not text.endswith("\n") or text.endswith("\n\n"):
        yield len(lines), "end the file with exactly one newline"


def check_tokens(text):
    """(line, what) for quotes, indents and closing commas."""
    tokens = [t for t in tokenize.generate_tokens(io.StringIO(text).readline)
              if t.type not in (tokenize.NL, tokenize.COMMENT, tokenize.NEWLINE,
                                tokenize.INDENT, tokenize.DEDENT)]
    stack = []  # per open bracket: may its last line want a comma?
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        starts_line = not token.line[:token.start[1]].strip()
        if token.type == tokenize.STRING and token.string.lstrip("rb")[0] == "'" \
                and '"' not in token.string:
            yield token.start[0], "use double quotes"
        if starts_line and token.start[1] % 4 and token.type != tokenize.ENDMARKER \
                and not (before and before.end[0] == token.start[0]):
            yield token.start[0], "indent by 4 spaces"
        if token.string in OPEN:
            grouping = token.string == "(" and not (
                before and (before.type == tokenize.NAME and before.string not in
                            ("and", "else", "if", "in", "not", "or", "return")
                            or before.string in CLOSE))
            stack.append(not grouping)
        elif token.string in ("for", "**") and stack:
            stack[-1] = False  # a comprehension; Starlark bans f(**args,)
        elif token.string in CLOSE and stack:
            if stack.pop() and starts_line and before.string not in (",",) + OPEN:
                yield before.end[0], "a comma after the last line"


def unsorted_lists(tree):
    """(list node, name of its attribute) for each that is out of order."""
    for call in ast.walk(tree):
        for keyword in getattr(call, "keywords", ()):
            if not isinstance(call, ast.Call) or keyword.arg not in SORTED:
                continue
            for node in ast.walk(keyword.value):
                if not isinstance(node, ast.List):
                    continue
                values = [e.value for e in node.elts if isinstance(e, ast.Constant)]
                if len(values) == len(node.elts) and \
                        values != sorted(values, key=sort_key):
                    yield node, keyword.arg


def check_tree(tree):
    """(line, what) for the order of things in a BUILD file."""
    seen_rule = False
    for statement in tree.body:
        call = getattr(statement, "value", None)
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        if call.func.id == "load":
            if seen_rule:
                yield statement.lineno, "load() belongs at the top"
            symbols = [a.value for a in call.args[1:]]
            if symbols != sorted(symbols):
                yield statement.lineno, "sort what is loaded"
            continue
        seen_rule = True
        names = [k.arg for k in call.keywords]
        if "name" in names[1:]:
            yield statement.lineno, "a rule's name comes first"
        for keyword in call.keywords:
            node = keyword.value
            if isinstance(node, ast.List) and keyword.arg in SORTED:
                lines = {e.lineno for e in node.elts}
                if len(node.elts) > 1 and (len(lines) < len(node.elts)
                                           or node.lineno in lines):
                    yield node.lineno, f"{keyword.arg}: one element a line"
    for node, name in unsorted_lists(tree):
        yield node.lineno, f"{name}: sort the list (--fix does)"


def fix(text, is_build):
    """The text with whitespace mended and sortable lists sorted."""
    lines = [line.rstrip().replace("\t", "    ") for line in text.split("\n")]
    text = "\n".join(lines).rstrip("\n") + "\n" if text.strip() else ""
    if not is_build:
        return text
    lines = text.split("\n")
    for node, _ in unsorted_lists(ast.parse(text)):
        numbers = [e.lineno - 1 for e in node.elts]
        # With a comment inside, or several on a line, a person has to do it.
        if numbers == list(range(numbers[0], numbers[0] + len(numbers))) and \
                node.lineno - 1 < numbers[0]:
            moved = sorted(node.elts, key=lambda e: sort_key(e.value))
            old = [lines[e.lineno - 1] for e in moved]
            for number, line in zip(numbers, old):
                lines[number] = line
    return "\n".join(lines)


def check(path, text):
    """(line, what) for everything wrong with one file."""
    yield from check_lines(text)
    try:
        tree = ast.parse(text)
        yield from check_tokens(text)
    except (SyntaxError, tokenize.TokenError) as error:
        yield getattr(error, "lineno", None) or 1, f"syntax: {error}"
        return
    if os.path.basename(path) == "BUILD" or path.endswith(".BUILD"):
        yield from check_tree(tree)


def files_of_tree():
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    os.chdir(root)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard",
         "--deduplicate", "--", "BUILD", "*/BUILD", "*.BUILD", "*.bzl", "WORKSPACE"],
        check=True, stdout=subprocess.PIPE).stdout.decode()
    return [p for p in listed.split("\0") if p and os.path.isfile(p)]


def main(arguments):
    fixing = "--fix" in arguments
    paths = [a for a in arguments if a != "--fix"] or files_of_tree()
    wrong = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if fixing:
            fixed = fix(text, not path.endswith(".bzl"))
            if fixed != text:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(fixed)
                text = fixed
        for line, what in sorted(set(check(path, text))):
            print(f"{path}:{line}: {what}")
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
