"""The table's rows: each piece of work timed on every engine, in turns."""

import answers
import rounds
from bench_json import Work
from goals import BANDWIDTH, INT8
from model_shape import ModelShape
from peer import IK_LLAMA_CPP
from rows import Limit, PeerFigure, Row

SECTIONS = ("decode", "prefill", "depth", "passes", "first-token", "memory")

PROMPT_TOKENS = 512
DECODE_TOKENS = 128
DEPTH = 4096
DEPTH_DECODE_TOKENS = 32   # some 0.5 s of a peer at that depth
DRAFT_PASSES = (4, 8)
PASS_REPETITIONS = 10      # a pass takes milliseconds, starting a peer a second
FIRST_TOKEN_PROMPT = "The capital of France is"


def rate(work, seconds):
    """Tokens a second, of the median repetition."""
    return work.num_tokens / rounds.median(seconds)


def limits_of(probe_samples):
    """The medians of all probes of a section."""
    return {name: rounds.median(values) for name, values in probe_samples.items()}


class Entry:
    """A peer that is timed, and on which file."""

    def __init__(self, peer, model, note="", counts=True):
        self.peer = peer
        self.model = model
        self.note = note
        self.counts = counts


class Comparison:
    def __init__(self, tessera, probe, peers, check, shape: ModelShape,
                 prefill_model, num_rounds):
        """prefill_model(peer): a file whose prefill the peer computes rightly."""
        self._tessera = tessera
        self._probe = probe
        self._peers = peers
        self._check = check
        self._shape = shape
        self._prefill_model = prefill_model
        self._rounds = num_rounds
        self.disturbance = rounds.Disturbance()

    def rows(self, section):
        return {"decode": self._decode, "prefill": self._prefill,
                "depth": self._depth, "passes": self._passes,
                "first-token": self._first_token, "memory": self._memory}[section]()

    # --- which peers are timed -------------------------------------------

    def _entries(self, pass_tokens):
        """(entries, figures of the peers whose answers are wrong)."""
        entries, refused = [], []
        for peer in self._peers:
            answer = self._check.check(peer, self._tessera.model, pass_tokens)
            if answer.is_right:
                entries.append(Entry(peer, self._tessera.model))
            else:
                refused.append(PeerFigure(peer.name, peer.flavour, None,
                                          note="wrong answers"))
        return entries, refused

    def _prefill_entries(self):
        """The same; and a Q8_0 copy where the file's own type is no measure:
        for a peer that computes it wrongly, and always for ik_llama.cpp."""
        entries, refused = self._entries(PROMPT_TOKENS)
        wrong = {figure.peer for figure in refused}
        for peer in self._peers:
            if peer.name not in wrong and peer.flavour != IK_LLAMA_CPP:
                continue
            model, note = self._prefill_model(peer)
            if model == self._tessera.model:
                continue
            for entry in entries:
                entry.counts = entry.counts and entry.peer is not peer
            if self._check.check(peer, model, PROMPT_TOKENS).is_right:
                entries.append(Entry(peer, model, f"on {note}"))
            else:
                refused.append(PeerFigure(peer.name, peer.flavour, None,
                                          note=f"wrong answers on {note}"))
        return entries, refused

    # --- timing ------------------------------------------------------------

    def _time(self, title, entries, num_rounds, ours=None, **bench):
        """{arm: {Work or probe: [sample, ...]}}; arms: "probe", "tessera", and
        each entry. `ours`: what only this project's bench is asked."""
        arms = {"probe": self._probe.run,
                "tessera": lambda: self._tessera.bench(**bench, **(ours or {}))}
        for entry in entries:
            arms[entry] = (lambda entry=entry:
                           entry.peer.bench(model=entry.model, **bench))
        return rounds.interleave(title, arms, num_rounds, self.disturbance)

    def _speed_row(self, key, title, work, samples, entries, refused, limit):
        """limit: (name, probe, amount of one token)."""
        value = rate(work, samples["tessera"][work])
        row = Row(key, key, title, "tok/s", value, peers=list(refused),
                  samples=samples["tessera"][work])
        if limit is not None:
            name, probe, amount = limit
            at_most = limits_of(samples["probe"])[probe]
            row.limit = Limit(name, at_most, value * amount / at_most)
        for entry in entries:
            theirs = rate(work, samples[entry][work])
            row.peers.append(PeerFigure(
                entry.peer.name, entry.peer.flavour, theirs, value / theirs,
                entry.note, entry.counts, samples[entry][work]))
        return row

    # --- the rows ----------------------------------------------------------

    def _decode(self):
        entries, refused = self._entries(1)
        work = Work(0, DECODE_TOKENS, 0)
        samples = self._time("decode", entries, self._rounds,
                             generated=[DECODE_TOKENS], repetitions=2)
        limit = BANDWIDTH, "bytes_per_second", self._shape.pass_bytes
        return [self._speed_row("decode", "decode, short context", work, samples,
                                entries, refused, limit)]

    def _prefill(self):
        entries, refused = self._prefill_entries()
        work = Work(PROMPT_TOKENS, 0, 0)
        samples = self._time("prefill", entries, self._rounds,
                             prompts=[PROMPT_TOKENS], repetitions=2)
        limit = INT8, "i8_per_second", self._shape.prompt_operations(1)
        return [self._speed_row("prefill", f"prefill {PROMPT_TOKENS}", work,
                                samples, entries, refused, limit)]

    def _depth(self):
        # The cache is filled in long passes and read in passes of one.
        right = {id(entry.peer) for entry in self._entries(1)[0]}
        entries, refused = self._entries(PROMPT_TOKENS)
        able = []
        for entry in entries:
            if entry.peer.has_depth and id(entry.peer) in right:
                able.append(entry)
            else:
                note = ("wrong answers" if entry.peer.has_depth
                        else "its llama-bench has no depth")
                refused.append(PeerFigure(entry.peer.name, entry.peer.flavour,
                                          None, note=note))
        # Filling the cache takes a peer 20 s: two repetitions of each filling.
        samples = self._time(f"depth {DEPTH}", able, (self._rounds + 1) // 2,
                             prompts=[PROMPT_TOKENS],
                             generated=[DEPTH_DECODE_TOKENS], depth=DEPTH,
                             repetitions=2)
        decode = Work(0, DEPTH_DECODE_TOKENS, DEPTH)
        prefill = Work(PROMPT_TOKENS, 0, DEPTH)
        limit = (BANDWIDTH, "bytes_per_second",
                 self._shape.decode_bytes(DEPTH + DEPTH_DECODE_TOKENS // 2))
        return [self._speed_row("decode_at_depth", f"decode at depth {DEPTH:,}",
                                decode, samples, able, refused, limit),
                self._speed_row("prefill_at_depth",
                                f"prefill {PROMPT_TOKENS} at depth {DEPTH:,}",
                                prefill, samples, able, refused, None)]

    def _passes(self):
        entries, refused = self._entries(max(DRAFT_PASSES))
        samples = self._time("passes", entries, self._rounds,
                             ours={"all_logits": True},
                             prompts=[1, *DRAFT_PASSES],
                             repetitions=PASS_REPETITIONS)
        return [self._pass_row(n, samples, entries, refused)
                for n in DRAFT_PASSES]

    def _pass_row(self, num_tokens, samples, entries, refused):
        def pass_seconds(arm, n):
            return rounds.median(samples[arm][Work(n, 0, 0)])

        def cost(arm):
            return pass_seconds(arm, num_tokens) / pass_seconds(arm, 1)

        one, many = (1e3 * pass_seconds("tessera", n) for n in (1, num_tokens))
        row = Row(f"pass_{num_tokens}", f"pass_{num_tokens}",
                  f"a pass of {num_tokens} tokens over a pass of 1", "x",
                  cost("tessera"), f"({many:.2f} / {one:.2f} ms)",
                  peers=list(refused),
                  samples=samples["tessera"][Work(num_tokens, 0, 0)])
        for entry in entries:
            row.peers.append(PeerFigure(
                entry.peer.name, entry.peer.flavour, cost(entry),
                samples=samples[entry][Work(num_tokens, 0, 0)]))
        return row

    def _first_token(self):
        def start():
            return {"s": [self._tessera.seconds_to_first_token(
                FIRST_TOKEN_PROMPT)]}

        start()  # reads the file and the binary into the page cache
        samples = rounds.interleave("first token", {"tessera": start},
                                    max(5, self._rounds),
                                    self.disturbance)["tessera"]["s"]
        return [Row("first_token", "first_token",
                    "load to first token, warm page cache", "s",
                    rounds.median(samples), samples=samples)]

    def _memory(self):
        # A prompt of several hundred tokens: all scratch has been used.
        with open(answers.TEXT, encoding="utf-8") as text:
            memory = self._tessera.memory(text.read(), 64)
        beyond = (memory["resident_bytes"] - memory["weights_bytes"] -
                  memory["kv_arena_bytes"])
        return [Row("memory", "memory", "memory beyond weights and KV arena",
                    "bytes", beyond,
                    f"(of {memory['resident_bytes'] / 1e6:.0f} MB; peak "
                    f"{memory['peak_resident_bytes'] / 1e6:.0f} MB)")]
