"""What measurements of several servers at once need: servers, loads, prompts."""

import contextlib
import random

import benchmark_run
import load
from command import CommandFailed
from prompts import Prompts
from servers import TesseraServer
from turns import Turns

# So that what was computed, and what for, can be told afterwards.
TELL_ALL = {"return_token_ids": True, "return_timings": True}
BINARY = benchmark_run.binary("tools/tessera")
LOAD_CLIENT = benchmark_run.binary("tools/serve_benchmark/load_client")
KV_MEMORY = "2GiB"   # 93,184 tokens of the default model
WARM_PROMPT, WARM_TOKENS = "The capital of France is", 4


class Workbench:
    def __init__(self, model, options):
        """options: parsed, with flags.add_shared's."""
        self.model = model
        self.threads = options.threads
        self._kernels = options.kernels
        self.turns = Turns(options.rounds)
        with open(benchmark_run.TEXT, encoding="utf-8") as file:
            self._text = file.read()  # of which prompts are made
        self._text_tokens = None
        self._seed = 0

    def tessera(self, name, *flags, model=None):
        """What start()s `tessera serve` with these flags."""
        return TesseraServer(BINARY, model or self.model, self.threads,
                             self._kernels, name,
                             ["--kv-memory", KV_MEMORY, *flags], TELL_ALL)

    def tessera_command(self, *arguments):
        return [BINARY, *arguments]

    @contextlib.contextmanager
    def running(self, arms, num_streams=1, num_tokens=1):
        """[Server] of all arms at once, each of which knows its geography."""
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(arm.start(num_streams, num_tokens))
                       for arm in arms]
            for server in servers:
                text = server.complete(WARM_PROMPT, WARM_TOKENS)
                if not text.startswith(" Paris"):
                    raise CommandFailed(f"{server.name} answers wrongly: "
                                        f"{WARM_PROMPT}{text!r}")
            yield servers

    def load(self, server, lanes):
        return load.run(LOAD_CLIENT, server, lanes)

    def ask(self, server, prompt, num_tokens, **more):
        """The Answer to one request that is alone."""
        ((answer,),) = self.load(server, [[load.request(server, prompt, num_tokens,
                                                        **more)]])
        return answer

    def prompts(self, server):
        """Prompts that no server has seen; server: a tessera, to tokenize."""
        if self._text_tokens is None:
            self._text_tokens = server.ask("POST", "/tokenize", {
                "model": server.model_name, "prompt": self._text})["tokens"]
        self._seed += 1
        return Prompts(self._text_tokens, self._seed)

    def words(self, seed, count):
        """A text of so many words, another for each seed."""
        draw = random.Random(seed)
        vocabulary = self._text.split()
        return " ".join(draw.choice(vocabulary) for _ in range(count))


def check_same(what, answers, others):
    """CommandFailed: two answers to one request are not the same tokens."""
    for index, (one, other) in enumerate(zip(answers, others)):
        if one.reply.token_ids != other.reply.token_ids:
            raise CommandFailed(
                f"WRONG ANSWERS: {what}: answer {index} differs: "
                f"{one.reply.text[:60]!r} against {other.reply.text[:60]!r}")
    if len(answers) != len(others) or not all(
            answer.reply.token_ids for answer in [*answers, *others]):
        raise CommandFailed(f"{what}: answers without token ids")


def main(name, options, rows, sections):
    """The exit status of a main that prints one table. rows: a Rows. sections(
    options, bench): {section: (keys, what measures them)}."""
    def measure(model):
        bench = Workbench(model, options)
        measured = rows.run(sections(options, bench), options.rows)
        print(bench.turns.line)
        return {"rows": [row.as_json() for row in measured],
                "shares_of_others": bench.turns.shares_of_others}

    detail = ("QUICK: these are no measurements" if options.quick
              else f"medians of {options.rounds} rounds")
    return benchmark_run.run(name, options, detail, measure)
