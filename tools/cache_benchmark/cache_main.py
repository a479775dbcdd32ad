"""Prints what the caches save and cost.

Called by tools/benchmark, which builds the binaries.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(os.path.dirname(_HERE), name)
                 for name in ("serve_benchmark", "comparison")]

import benchmark_run  # noqa: E402
import cache_options  # noqa: E402
import conversations  # noqa: E402
import engine_first_token  # noqa: E402
import no_hit  # noqa: E402
import parts  # noqa: E402
import stored_tokens  # noqa: E402
import workbench  # noqa: E402
from cache_rows import ROWS  # noqa: E402
from servers import LlamaServer  # noqa: E402

STORE = benchmark_run.binary("services/prefix_cache/store_benchmark")
TREE = benchmark_run.binary("libs/kv_cache/prefix_tree_benchmark")
HASH = benchmark_run.binary("libs/kv_cache/prefix_hash_benchmark")


def sections(options, bench):
    """{section: (keys of its rows, what measures them)}."""
    quick = options.quick
    talks = (16, 4) if quick else (64, 8)
    peer = options.peer and LlamaServer(*options.peer, bench.model, bench.threads,
                                        keeps_prompts=True)
    return {
        "conversations": (
            ("computed", "conversation_first_token"),
            lambda: conversations.measure(bench, peer, *talks)),
        "engine": (("engine_first_token",),
                   lambda: engine_first_token.measure(bench, 5 if quick else 25)),
        "store-memory": (("store_memory",),
                         lambda: stored_tokens.measure_memory(bench, 2 if quick else 5)),
        "store-disk": (("store_disk", "store_disk_cold"),
                       lambda: stored_tokens.measure_disk(bench, 2 if quick else 4)),
        "store-get": (("store_get",), lambda: parts.measure_store(STORE)),
        "no-hit": (("no_hit_engine", "no_hit_store"),
                   lambda: no_hit.measure(bench, 3 if quick else options.rounds)),
        "tree": (("tree_operation", "hash"), lambda: parts.measure_tree(TREE, HASH)),
    }


def main(arguments):
    return workbench.main("tools/benchmark cache", cache_options.parse(arguments), ROWS,
                          sections)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
