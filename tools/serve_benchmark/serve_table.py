"""Loads and rows as Markdown tables."""


def number(value, unit):
    """A figure as people read it: three digits or so."""
    if value is None:
        return ""
    if unit == "s":
        return f"{value:.2f} s" if value >= 1 else f"{value * 1e3:.3g} ms"
    if unit == "us":
        return f"{value:.1f} us" if value >= 1 else f"{value:.2f} us"
    if unit == "%":
        return f"{value:.1f}%"
    if unit == "x":  # around 1 the third decimal matters
        return f"{value:.3f}x" if value < 2 else f"{value:.2f}x"
    if unit == "GB/s":
        return f"{value:.2f} GB/s"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def line(cells):
    return "| " + " | ".join(cells) + " |"


def head(names):
    return line(names) + "\n" + line(["---"] * len(names))


def load_head():
    return head(["streams", "prompt", "engine", "tok/s", "first token p50",
                 "p99", "between tokens p50", "p99"])


def load_line(load):
    """load: a LoadFigures."""
    return line([str(load.num_streams), f"{load.prompt_tokens:,}", load.arm,
                 number(load.throughput, "tok/s"),
                 number(load.first_token_p50, "s"), number(load.first_token_p99, "s"),
                 number(load.gap_p50, "s"), number(load.gap_p99, "s")])


def bar_text(bar, unit, peer):
    if bar is None:
        return ""
    if bar.words:
        return bar.words
    if unit == "x":
        return f"{bar.bound:g}x"
    return f"{bar.bound:g}x {peer}" if bar.against_peer else number(bar.bound, unit)


def row_head(peer):
    return head(["work", "tessera", peer or "no peer", "ratio", "at least", "aim",
                 ""])


def row_line(row, peer):
    ours = number(row.ours, row.unit) + (" tok/s" if row.unit == "tok/s" else "")
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}x"
    return line([row.work, ours, number(row.theirs, row.unit), ratio,
                 bar_text(row.floor, row.unit, peer or "peer"),
                 bar_text(row.aim, row.unit, peer or "peer"), row.verdict])
