"""What the caches have to reach, and aim at, on the default model."""

from bars import itself
from judged_rows import Asked, Rows

ROWS = Rows({
    "computed": Asked(
        "conversations over 4 system prompts: prompt tokens computed, against the "
        "least possible", "x", itself(1.02), itself(1.0), True),
    "conversation_first_token": Asked(
        "the same: mean time to first token, llama-server's over ours", "x",
        itself(2), itself(4)),
    "engine_first_token": Asked(
        "time to first token, 4,000 cached tokens in the engine and 16 new ones, "
        "less that of the 16 alone", "s", itself(0.010), itself(0.003), True),
    "store_memory": Asked(
        "4,000 tokens from the store's memory, loopback gRPC: recomputing takes "
        "times as long", "x", itself(4), itself(8)),
    "store_disk": Asked(
        "4,000 tokens from disk after a restart: recomputing takes times as long",
        "x", itself(2), itself(4)),
    "store_disk_cold": Asked(
        "the same, with the files dropped from the page cache", "x", itself(2),
        itself(4)),
    "store_get": Asked(
        "store throughput, get, one connection, blocks of this model", "GB/s",
        itself(1), itself(2)),
    "no_hit_engine": Asked(
        "caching on, no hit at all: cost of the engine's own", "%", itself(1),
        itself(0, "unmeasurable"), True),
    "no_hit_store": Asked(
        "the same with a store besides", "%", itself(1),
        itself(0, "unmeasurable"), True),
    "tree_operation": Asked(
        "a tree operation a block (the worst of match, insert and evict)", "us",
        itself(1), itself(0.3), True),
    "hash": Asked("naming a block by its hash", "us", lower_is_better=True),
})
