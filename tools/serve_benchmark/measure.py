"""The measurements: each load on each engine, in turns."""

import statistics
from dataclasses import dataclass, field

import cpu_time
import load
from bars import BARS, Row
from bench_json import Work
from command import CommandFailed
from load import flat, percentile
from prompts import Prompts
from turns import Turns

ANSWER_TOKENS = 64
# With few streams one answer each is too little to time.
REQUESTS_A_STREAM = {1: 8, 4: 2}
SHORT_PROMPT = 60
ARRIVING_AT_ONCE = 16
LONG_PROMPT = 4000
RUNNING_TOKENS = 3000     # longer than the long prompt takes
ARRIVES_AFTER_MS = 500
ONE_STREAM_TOKENS = 128
ONE_STREAM_ANSWERS = 4
WARM_PROMPT, WARM_TOKENS = "The capital of France is", 4
OURS = "tessera"


@dataclass
class LoadFigures:
    """Of one load on one engine; rates are medians of rounds, times pooled."""
    arm: str
    num_streams: int
    prompt_tokens: int
    throughputs: list = field(default_factory=list)
    first_tokens: list = field(default_factory=list)
    gaps: list = field(default_factory=list)
    cpu_per_token: list = field(default_factory=list)  # of serving, seconds

    def add(self, answers):
        self.throughputs.append(load.throughput(answers))
        self.first_tokens += [answer.first_token_s for answer in answers]
        self.gaps += [gap for answer in answers for gap in answer.gaps_s]

    throughput = property(lambda self: statistics.median(self.throughputs))
    first_token_p50 = property(lambda self: percentile(self.first_tokens, 0.5))
    first_token_p99 = property(lambda self: percentile(self.first_tokens, 0.99))
    gap_p50 = property(lambda self: percentile(self.gaps, 0.5))
    gap_p99 = property(lambda self: percentile(self.gaps, 0.99))

    def as_json(self):
        return {**vars(self), "throughput": self.throughput,
                "first_token_p50": self.first_token_p50,
                "first_token_p99": self.first_token_p99,
                "gap_p50": self.gap_p50, "gap_p99": self.gap_p99}


class Measurements:
    def __init__(self, load_client, engine, arms, text, num_rounds):
        """engine: comparison's Tessera. arms: {name: what start()s a server},
        ours first. text: what prompts are made of."""
        self._load_client = load_client
        self._engine = engine
        self._arms = arms
        self._turns = Turns(num_rounds)
        self._seed = 0
        with arms[OURS].start(1, 1) as server:
            self._tokens = server.ask("POST", "/tokenize", {
                "model": server.model_name, "prompt": text})["tokens"]

    @property
    def shares_of_others(self):
        return self._turns.shares_of_others

    def _prompts(self):
        self._seed += 1  # of nothing that an engine saw before
        return Prompts(self._tokens, self._seed)

    def check_answers(self):
        """CommandFailed: an engine does not know the capital of France."""
        for arm in self._arms.values():
            with arm.start(1, 64) as server:
                text = server.complete(WARM_PROMPT, WARM_TOKENS)
                if not text.startswith(" Paris"):
                    raise CommandFailed(f"{server.name} answers wrongly: "
                                        f"{WARM_PROMPT}{text!r}")

    # --- loads ---

    def _run_load(self, arm, num_streams, prompt_tokens):
        """(answers, CPU seconds a token of serving or None)."""
        prompts = self._prompts()
        with self._arms[arm].start(num_streams,
                                   prompt_tokens + ANSWER_TOKENS) as server:
            server.complete(WARM_PROMPT, WARM_TOKENS)
            lanes = [[load.request(server, prompts.next(prompt_tokens), ANSWER_TOKENS)
                      for _ in range(REQUESTS_A_STREAM.get(num_streams, 1))]
                     for _ in range(num_streams)]
            before = cpu_time.thread_seconds(server.process.pid)
            answers = flat(load.run(self._load_client, server, lanes))
            after = cpu_time.thread_seconds(server.process.pid)
        tokens = sum(answer.completion_tokens for answer in answers)
        if tokens != len(answers) * ANSWER_TOKENS:
            raise CommandFailed(f"{arm}: {tokens} tokens in {len(answers)} answers "
                                f"of {ANSWER_TOKENS}")
        return answers, cpu_time.serving_seconds(before, after) / tokens

    def load(self, num_streams, prompt_tokens):
        """[LoadFigures], ours first."""
        results = self._turns.run(
            f"{num_streams} streams, prompts of {prompt_tokens}",
            {arm: lambda arm=arm: self._run_load(arm, num_streams, prompt_tokens)
             for arm in self._arms})
        figures = []
        for arm, rounds in results.items():
            figures.append(LoadFigures(arm, num_streams, prompt_tokens))
            for answers, cpu in rounds:
                figures[-1].add(answers)
                figures[-1].cpu_per_token.append(cpu)
        return figures

    @staticmethod
    def rows_of_load(figures):
        """The rows that a load's figures decide."""
        ours, theirs = figures[0], (figures[1] if len(figures) > 1 else None)
        streams, prompt = ours.num_streams, ours.prompt_tokens
        rows = []
        if f"throughput_{streams}" in BARS:
            rows.append(_row(f"throughput_{streams}",
                             f"{streams} streams, prompts of {prompt:,}", "tok/s",
                             ours.throughput, theirs and theirs.throughput))
        if (streams, prompt) == (ARRIVING_AT_ONCE, SHORT_PROMPT):
            rows.append(_row("first_token_16", "time to first token, 16 arriving at "
                             "once, p99", "s", ours.first_token_p99,
                             theirs and theirs.first_token_p99, lower=True))
        if (streams, prompt) == (64, SHORT_PROMPT):
            rows.append(_row("cpu_per_token", "serving a token, CPU time of all "
                             "threads but the engine's", "us",
                             statistics.median(ours.cpu_per_token) * 1e6, None,
                             lower=True))
        return rows

    # --- a long prompt beside a running stream ---

    def _run_gap(self, arm):
        prompts = self._prompts()
        with self._arms[arm].start(2, LONG_PROMPT + RUNNING_TOKENS) as server:
            server.complete(WARM_PROMPT, WARM_TOKENS)
            lanes = [[load.request(server, prompts.next(SHORT_PROMPT),
                                   RUNNING_TOKENS)],
                     [load.request(server, prompts.next(LONG_PROMPT), 1,
                                   ARRIVES_AFTER_MS)]]
            (running,), (long,) = load.run(self._load_client, server, lanes,
                                           end_with_lane=1)
        if running.error != "stopped":
            raise CommandFailed(f"{arm}: the running stream ended before the long "
                                "prompt was answered")
        return load.worst_gap(running, long.sent_s), long.first_token_s

    def worst_gap(self):
        results = self._turns.run(
            f"a prompt of {LONG_PROMPT} beside a stream",
            {arm: lambda arm=arm: self._run_gap(arm) for arm in self._arms})
        gaps = {arm: [gap for gap, _ in rounds] for arm, rounds in results.items()}
        rows = [_row("worst_gap", "a running stream's worst gap while a prompt of "
                     f"{LONG_PROMPT:,} arrives", "s", *_medians(gaps), lower=True)]
        rows[0].samples = gaps
        firsts = {arm: [first for _, first in rounds] for arm, rounds in results.items()}
        rows.append(_row("long_first_token", "that prompt's time to first token", "s",
                         *_medians(firsts), lower=True))
        return rows

    # --- what HTTP costs one stream ---

    def _run_one_stream(self):
        prompts = self._prompts()
        with self._arms[OURS].start(1, SHORT_PROMPT + ONE_STREAM_TOKENS) as server:
            server.complete(WARM_PROMPT, WARM_TOKENS)
            lane = [load.request(server, prompts.next(SHORT_PROMPT), ONE_STREAM_TOKENS)
                    for _ in range(ONE_STREAM_ANSWERS)]
            answers = flat(load.run(self._load_client, server, [lane]))
        return [answer.decode_rate for answer in answers]

    def _run_bench(self):
        work = Work(0, ONE_STREAM_TOKENS, SHORT_PROMPT)
        seconds = self._engine.bench(generated=[ONE_STREAM_TOKENS], depth=SHORT_PROMPT,
                                     repetitions=ONE_STREAM_ANSWERS)[work]
        return [ONE_STREAM_TOKENS / each for each in seconds]

    def one_stream(self):
        results = self._turns.run("one stream against tessera bench",
                                 {"http": self._run_one_stream,
                                  "bench": self._run_bench})
        rates = {name: [rate for each in rounds for rate in each]
                 for name, rounds in results.items()}
        http, bench = (statistics.median(rates[name]) for name in ("http", "bench"))
        row = _row("one_stream", f"one stream through HTTP ({http:.0f} tok/s) against "
                   f"tessera bench ({bench:.0f})", "%", 100 * http / bench, None)
        row.samples = rates
        return [row]


def _medians(samples):
    """(ours, the peer's or None)."""
    values = [statistics.median(each) for each in samples.values()]
    return values[0], (values[1] if len(values) > 1 else None)


def _row(key, work, unit, ours, theirs, lower=False):
    floor, aim = BARS.get(key, (None, None))
    return Row(key, work, unit, ours, theirs, floor, aim, lower)
