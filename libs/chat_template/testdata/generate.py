#!/usr/bin/env python3
"""Writes the golden files beside it, or compares a build with jinja2.

  generate.py write
  generate.py compare BINARY [--count N] [--seed S] [--templates DIR]

BINARY is bazel-bin/libs/chat_template/render_lines; DIR holds more templates
(*.jinja), each of which is given the same conversations. Needs jinja2 3.1.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys

import conversations
import judge
import random_templates

HERE = pathlib.Path(__file__).resolve().parent
NUM_STORED = 150
# What errors of jinja2 name that come from values which are lists in this
# engine; and templates that it is too slow for.
LAZY = ("generator", "dict_items", "dict_keys", "dict_values", "reversed", "iterator", "'range'", "TookTooLong")


def published_cases(folder):
    """(name, case) for each template of the folder and each conversation."""
    for path in sorted(folder.glob("*.jinja")):
        tokens = conversations.SPECIAL_TOKENS.get(path.stem, {"bos_token": "<s>", "eos_token": "</s>"})
        for name, conversation in conversations.CONVERSATIONS.items():
            case = {"template": path.read_text(), "special_tokens": tokens, "now": judge.NOW, **conversation}
            yield f"{path.stem}: {name}", case


def random_case(seed):
    writer = random_templates.Writer(random.Random(seed))
    return {
        "template": writer.template(),
        "messages": random_templates.MESSAGES,
        "variables": random_templates.VARIABLES,
    }


def has_address(output):
    """Python prints a function or a generator with its address."""
    return isinstance(output, str) and (" at 0x" in output or "<built-in" in output)


def write():
    outputs = {}
    for name, case in published_cases(HERE / "templates"):
        template, conversation = name.split(": ")
        outputs.setdefault(template, {})[conversation] = judge.render(case)
    goldens = {
        "now": judge.NOW,
        "special_tokens": conversations.SPECIAL_TOKENS,
        "conversations": conversations.CONVERSATIONS,
        "outputs": outputs,
    }
    (HERE / "goldens.json").write_text(json.dumps(goldens, indent=1, ensure_ascii=False) + "\n")
    cases = []
    seed = 0
    while len(cases) < NUM_STORED:
        seed += 1
        case = random_case(seed)
        output = judge.render(case)
        if isinstance(output, str) and 20 < len(output) < 300 and len(case["template"]) < 500 and not has_address(output):
            cases.append([case["template"], output])
    stored = {"messages": random_templates.MESSAGES, "variables": random_templates.VARIABLES, "cases": cases}
    (HERE / "random_templates.json").write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n")


def run(binary, cases):
    lines = "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)
    done = subprocess.run([binary], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def differs(expected, got):
    """Words that say how, or None."""
    if has_address(expected):
        return None
    if isinstance(expected, str):
        if "error" in got:
            return f"expected {expected!r}\ngot error {got['error']}"
        text = "".join(part for part, _ in got["segments"])
        return None if text == expected else f"expected {expected!r}\ngot      {text!r}"
    if "error" not in got:
        if any(word in expected["error"] for word in LAZY):
            return None  # a list here, where jinja2 has something lazier
        return f"expected error {expected['error']}\ngot {got['segments']}"
    if expected["raised"] and not got["error"].endswith(expected["error"]):
        return f"expected message {expected['error']}\ngot {got['error']}"
    return None


def compare(arguments):
    named = []
    for folder in [HERE / "templates"] + ([arguments.templates] if arguments.templates else []):
        named += list(published_cases(folder))
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        named.append((f"seed {seed}", random_case(seed)))
    results = run(arguments.binary, [case for _, case in named])
    failures = rendered = 0
    for (name, case), got in zip(named, results):
        expected = judge.render(case)
        rendered += isinstance(expected, str)
        difference = differs(expected, got)
        if difference:
            failures += 1
            if failures <= arguments.show:
                print(f"--- {name}\n{case['template'] if name.startswith('seed') else ''}\n{difference}")
    print(f"{len(named)} cases, {rendered} of them render, {failures} differ")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("write")
    comparing = commands.add_parser("compare")
    comparing.add_argument("binary")
    comparing.add_argument("--count", type=int, default=5000)
    comparing.add_argument("--seed", type=int, default=1)
    comparing.add_argument("--show", type=int, default=10)
    comparing.add_argument("--templates", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.command == "write":
        write()
        return 0
    return compare(arguments)


if __name__ == "__main__":
    sys.exit(main())
