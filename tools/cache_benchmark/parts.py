"""Figures that benchmarks of single parts tell."""

import json
import os
import re
import tempfile

import command
from cache_rows import ROWS
from command import CommandFailed


def parse_store_get(text):
    """GB/s out of what store_benchmark prints."""
    found = re.search(r"^get, gRPC +(\S+) GB/s", text, re.MULTILINE)
    if not found:
        raise CommandFailed("store_benchmark says nothing of get over gRPC")
    return float(found[1])


def parse_microseconds_per_block(text):
    """{name: time/block in us} out of Google Benchmark's JSON."""
    return {each["name"]: each["time/block"] * 1e6
            for each in json.loads(text)["benchmarks"] if "time/block" in each}


def parse_hash(text, name):
    """us of a call out of Google Benchmark's JSON."""
    for each in json.loads(text)["benchmarks"]:
        if each["name"] == name:
            assert each["time_unit"] == "ns", each
            return each["cpu_time"] / 1e3
    raise CommandFailed(f"no benchmark is named {name}")


def measure_store(store_benchmark):
    with tempfile.TemporaryDirectory(prefix="tessera-benchmark-") as folder:
        out, _ = command.run([store_benchmark], folder)
    return [ROWS.got("store_get", parse_store_get(out))]


def measure_tree(tree_benchmark, hash_benchmark):
    as_json = "--benchmark_format=json"
    times = parse_microseconds_per_block(command.run([tree_benchmark, as_json])[0])
    if not times:
        raise CommandFailed(f"{os.path.basename(tree_benchmark)} tells no time a block")
    worst = max(times, key=times.get)
    hashing = parse_hash(command.run([hash_benchmark, as_json])[0], "Next/32")
    return [ROWS.got("tree_operation", times[worst], worst, times),
            ROWS.got("hash", hashing, "32 tokens")]
