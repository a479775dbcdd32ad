"""--formats: each fast format and kernel set beside the peers on one file."""

import os

import model_shape
import rounds
import synthetic_model
from bench_json import Work
from command import CommandFailed
from comparison import limits_of, rate
from goals import BANDWIDTH, BF16, INT8
from rows import Limit, PeerFigure, Row
from tessera import Probe, Tessera

FORMATS = ("Q4_0", "Q4_1", "Q8_0", "Q4_K", "Q6_K", "BF16")
KERNELS = ("avx512", "avx2")
_K_FORMATS = ("Q4_K", "Q6_K")   # blocks of 256: see synthetic_model.py
_DECODE = Work(0, 64, 0)
_PREFILL = Work(512, 0, 0)


class Formats:
    def __init__(self, binaries, peers, copies, model, threads, num_rounds):
        """binaries: of tessera and of the probe."""
        self._tessera_binary, self._probe_binary = binaries
        self._peers = peers
        self._copies = copies
        self._model = model
        self._threads = threads
        self._rounds = num_rounds
        self.disturbance = rounds.Disturbance()

    def rows(self, type_name):
        copy = self._copies.get(self._peers[0], self._source(type_name),
                                type_name, pure=True)
        engines = {kernels: Tessera(self._tessera_binary, copy, self._threads,
                                    kernels) for kernels in self._kernel_sets()}
        shape = model_shape.read(next(iter(engines.values())).inspect())
        samples = self._time(type_name, copy, engines)
        return [self._row(type_name, kernels, work, shape, samples)
                for work in (_DECODE, _PREFILL) for kernels in engines]

    def _source(self, type_name):
        if type_name not in _K_FORMATS:
            return self._model
        path = os.path.join(self._copies.folder(), "random-weights.gguf")
        if not os.path.exists(path):
            synthetic_model.write(path + ".part")
            os.replace(path + ".part", path)
        return path

    def _kernel_sets(self):
        """Those that this processor runs."""
        able = []
        for kernels in KERNELS:
            try:
                self._probe(kernels).run()
                able.append(kernels)
            except CommandFailed as error:
                print(f"{kernels} is left out: {error}")
        if not able:
            raise CommandFailed("this processor has no fast kernels")
        return able

    def _probe(self, kernels):
        return Probe(self._probe_binary, self._threads, kernels)

    def _time(self, type_name, copy, engines):
        bench = {"prompts": [_PREFILL.num_prompt],
                 "generated": [_DECODE.num_generated]}
        arms = {}
        for kernels, engine in engines.items():
            arms["probe", kernels] = self._probe(kernels).run
            arms["tessera", kernels] = (lambda engine=engine:
                                        engine.bench(**bench))
        for peer in self._peers:
            arms["peer", peer.name] = (lambda peer=peer:
                                       peer.bench(model=copy, **bench))
        return rounds.interleave(type_name, arms, self._rounds, self.disturbance)

    def _row(self, type_name, kernels, work, shape, samples):
        value = rate(work, samples["tessera", kernels][work])
        limits = limits_of(samples["probe", kernels])
        if work == _DECODE:
            name, probe, amount = BANDWIDTH, "bytes_per_second", shape.pass_bytes
        else:
            name, probe = ((BF16, "bf16_per_second") if type_name == "BF16"
                           else (INT8, "i8_per_second"))
            amount = shape.prompt_operations(1)
        row = Row(f"{type_name}_{kernels}_{'decode' if work == _DECODE else 'prefill'}",
                  "format",
                  f"{type_name} {'decode' if work == _DECODE else 'prefill 512'}, "
                  f"{kernels}", "tok/s", value,
                  limit=Limit(name, limits[probe], value * amount / limits[probe]),
                  samples=samples["tessera", kernels][work])
        for peer in self._peers:
            theirs = rate(work, samples["peer", peer.name][work])
            row.peers.append(PeerFigure(
                peer.name, peer.flavour, theirs, value / theirs,
                samples=samples["peer", peer.name][work]))
        return row
