"""A peer's arm: a built tree of llama.cpp or ik_llama.cpp."""

import os
import re

import bench_json
import command

LLAMA_CPP = "llama.cpp"
IK_LLAMA_CPP = "ik_llama.cpp"

_PERPLEXITY = re.compile(r"Final estimate: PPL.*= *(\S+)")


def flavour_of(bench_help):
    """Which of the two wrote this `llama-bench --help`."""
    return IK_LLAMA_CPP if "--run-time-repack" in bench_help else LLAMA_CPP


def parse_perplexity(text):
    """llama-perplexity's result: NaN where it came to none."""
    found = _PERPLEXITY.search(text)
    try:
        return float(found[1]) if found else float("nan")
    except ValueError:
        return float("nan")


class Peer:
    def __init__(self, name, tree, model, threads, folder):
        """tree: its build. folder: where its programs may leave files."""
        self.name = name
        self.model = model
        self.threads = threads
        self._tree = os.path.abspath(tree)
        self._folder = folder
        bench_help = "".join(self._run("llama-bench", "--help"))
        self.flavour = flavour_of(bench_help)
        self.has_depth = "--n-depth" in bench_help

    def _run(self, name, *arguments):
        return command.run([self._program(name), *arguments], self._folder)

    def _program(self, name):
        for part in ("build/bin", "bin", "."):
            path = os.path.join(self._tree, part, name)
            if os.access(path, os.X_OK):
                return path
        raise command.CommandFailed(
            f"--peer {self.name}: {self._tree} has no build/bin/{name}; build "
            "llama-bench, llama-perplexity and llama-quantize there")

    def bench(self, prompts=(), generated=(), depth=0, repetitions=1, model=None):
        """{Work: [seconds of each repetition]}."""
        # llama.cpp warms up with the whole test, ik_llama.cpp with one token:
        # one more repetition, not counted, makes them equal.
        warm = 1 if self.flavour == IK_LLAMA_CPP else 0
        arguments = ["-m", model or self.model, "-t", str(self.threads),
                     "-fa", "1", "-o", "json", "-r", str(repetitions + warm),
                     "-p", _list(prompts), "-n", _list(generated)]
        if depth:
            arguments += ["-d", str(depth)]
        if self.flavour == IK_LLAMA_CPP:
            arguments += ["-rtr", "1"]
        out, _ = self._run("llama-bench", *arguments)
        return bench_json.parse(out, drop=warm)

    def perplexity(self, text_file, window, pass_tokens, num_windows, model=None):
        """Of the second halves of the windows, in passes of so many tokens."""
        arguments = ["-m", model or self.model, "-f", text_file,
                     "-c", str(window), "-b", str(window),
                     "-ub", str(pass_tokens), "--chunks", str(num_windows),
                     "-t", str(self.threads), "-fa", "on"]
        if self.flavour == IK_LLAMA_CPP:
            arguments.append("-rtr")
        return parse_perplexity("".join(self._run("llama-perplexity", *arguments)))

    def quantize(self, source, target, type_name, pure=False):
        """Writes a copy of `source` in another type."""
        # Under another name first: an interrupted copy is never taken for one.
        unfinished = target + ".part"
        arguments = ["--allow-requantize"] + (["--pure"] if pure else [])
        self._run("llama-quantize", *arguments, source, unfinished, type_name,
                  str(self.threads))
        os.replace(unfinished, target)


def _list(numbers):
    return ",".join(str(number) for number in numbers) or "0"
