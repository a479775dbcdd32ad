"""Prompts that a store holds, against computing them: each asked of a server
that has nothing of its own."""

import os
import statistics
import tempfile
import time

from cache_rows import ROWS
from command import CommandFailed
from store_process import StoreProcess
from workbench import check_same

CACHED_TOKENS, NEW_TOKENS = 4000, 16
ANSWER_TOKENS = 4
LEAST_BLOCKS = CACHED_TOKENS // 64   # a block is 32 tokens, perhaps 64
STORE_BYTES = "2GiB"
SETTLE_S = 2   # what is written off a request's path


class Timing:
    """Each prompt, asked once of each server, in turns."""

    def __init__(self, bench, stored, plain, prompts):
        self.stored, self.plain = [], []   # Answers
        for index, prompt in enumerate(prompts):
            arms = [(stored, self.stored), (plain, self.plain)]
            for server, answers in arms[::-1 if index % 2 else 1]:
                with bench.turns.watched([stored, plain]):
                    answers.append(bench.ask(server, prompt, ANSWER_TOKENS))
        check_same("from the store and computed", self.stored, self.plain)

    def row(self, key, detail=""):
        times = {name: [answer.first_token_s for answer in answers]
                 for name, answers in (("stored", self.stored),
                                       ("computed", self.plain))}
        stored, computed = (statistics.median(each) for each in times.values())
        cached = statistics.median(answer.reply.cached_tokens
                                   for answer in self.stored)
        if cached < CACHED_TOKENS / 4:
            raise CommandFailed(f"only {cached:.0f} of {CACHED_TOKENS} tokens came "
                                "from the store")
        return ROWS.got(key, computed / stored,
                        f"{stored * 1e3:.0f} ms against {computed * 1e3:.0f} ms, "
                        f"{cached:.0f} tokens loaded{detail}", times)


def _prompts(bench, server, count):
    made = bench.prompts(server)
    return [made.next(CACHED_TOKENS + NEW_TOKENS) for _ in range(count)]


def measure_memory(bench, num_prompts):
    plain_arm = bench.tessera("no cache", "--prefix-cache", "off")
    with StoreProcess(bench, STORE_BYTES) as store:
        arm = bench.tessera("tessera", "--prefix-cache", store.address)
        with bench.running([arm]) as (writer,):
            prompts = _prompts(bench, writer, num_prompts)
            for index, prompt in enumerate(prompts):
                bench.ask(writer, prompt, ANSWER_TOKENS)
                store.wait_for_blocks((index + 1) * LEAST_BLOCKS)
            time.sleep(SETTLE_S)
        with bench.running([arm, plain_arm]) as (reader, plain):
            return [Timing(bench, reader, plain, prompts).row("store_memory")]


def drop_from_page_cache(folder):
    os.sync()
    for where, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(where, name), "rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read_from_device(pid):
    """Bytes that a process had read from a block device so far."""
    with open(f"/proc/{pid}/io", encoding="ascii") as file:
        fields = dict(line.split(": ") for line in file.read().splitlines())
    return int(fields["read_bytes"])


def measure_disk(bench, num_prompts):
    plain_arm = bench.tessera("no cache", "--prefix-cache", "off")
    rows = []
    with tempfile.TemporaryDirectory(prefix="tessera-benchmark-") as folder:
        arm = bench.tessera("tessera", "--prefix-cache-dir",
                            os.path.join(folder, "store"))
        with bench.running([arm]) as (writer,):
            prompts = _prompts(bench, writer, num_prompts)
            for prompt in prompts:
                bench.ask(writer, prompt, ANSWER_TOKENS)
                time.sleep(SETTLE_S)
        with bench.running([plain_arm]) as (plain,):
            with bench.running([arm]) as (reader,):
                rows.append(Timing(bench, reader, plain, prompts).row("store_disk"))
            drop_from_page_cache(folder)
            with bench.running([arm]) as (reader,):
                timing = Timing(bench, reader, plain, prompts)
                megabytes = read_from_device(reader.process.pid) / 1e6
                rows.append(timing.row("store_disk_cold",
                                       f", {megabytes:.0f} MB read from the device"))
    return rows
