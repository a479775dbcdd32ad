"""This project's arm: the tessera binary on one model."""

import json
import os

import bench_json
import command


class Tessera:
    flavour = "tessera"

    def __init__(self, binary, model, threads, kernels):
        self.binary = binary
        self.model = model
        self.threads = threads
        self.kernels = kernels

    def _call(self, name, *arguments, model=None):
        return [self.binary, name, "--model", model or self.model,
                "--threads", str(self.threads), "--kernels", self.kernels,
                *arguments]

    def bench(self, prompts=(), generated=(), depth=0, repetitions=1,
              all_logits=False, model=None):
        """{Work: [seconds of each repetition]}."""
        arguments = ["-p", _list(prompts), "-n", _list(generated),
                     "-d", str(depth), "-r", str(repetitions), "-o", "json"]
        if all_logits:
            arguments.append("--all-logits")
        out, _ = command.run(self._call("bench", *arguments, model=model))
        return bench_json.parse(out)

    def perplexity(self, text_file, window, model=None):
        """Of the second halves of the windows, as llama-perplexity has it."""
        out, _ = command.run(self._call(
            "perplexity", "--file", text_file, "--context", str(window),
            "--unscored", str(window // 2 + 1), "--json", model=model))
        return _read(out)["perplexity"]

    def seconds_to_first_token(self, prompt):
        """Of a whole process: from its start to the answer's first byte."""
        return command.seconds_to_first_byte(self._call(
            "complete", "--temperature", "0", "--max-tokens", "1", "-p", prompt))

    def memory(self, prompt, num_tokens):
        """complete's own account of its memory after an answer, in bytes."""
        out, _ = command.run(self._call(
            "complete", "--temperature", "0", "--max-tokens", str(num_tokens),
            "--ignore-eos", "--json", "-p", prompt))
        return _read(out)["memory"]

    def inspect(self, model=None):
        out, _ = command.run([self.binary, "inspect", model or self.model,
                              "--json"])
        return _read(out)


class Probe:
    """What the machine can do at this moment, by the probe binary."""

    def __init__(self, binary, threads, kernels):
        self.call = [binary, "--threads", str(threads), "--kernels", kernels]

    def run(self):
        """{"bytes_per_second": [...], "i8_per_second": [...], ...}."""
        rates = _read(command.run(self.call)[0])
        return {name: values for name, values in rates.items()
                if isinstance(values, list)}


def _list(numbers):
    return ",".join(str(number) for number in numbers) or "0"


def _read(text):
    try:
        return json.loads(text)
    except ValueError as error:
        raise command.CommandFailed(
            f"tessera wrote what is not JSON: {text[:200]!r}") from error


def default_model():
    """Where tools/up keeps the model; tools/setup/model.sh has the same rule."""
    home = os.environ.get("TESSERA_HOME")
    if not home:
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        home = os.path.join(cache, "tessera")
    return os.path.realpath(os.path.join(home, "models", "default.gguf"))
