"""Rows as a Markdown table."""

import goals


def number(value, unit):
    """A figure as people read it: three or four digits."""
    if unit == "bytes":
        return f"{value / 1e6:.1f} MB"
    if unit == "s":
        return f"{value:.3f} s"
    if unit == "x":
        return f"{value:.2f}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def limit_cell(row):
    if row.limit is None:
        return ""
    unit = "GB/s" if row.limit.name == goals.BANDWIDTH else "GOP/s"
    return f"{row.limit.share:.0%} of {row.limit.rate / 1e9:,.1f} {unit}"


def peer_cell(row, name):
    parts = []
    for peer in row.peers:
        if peer.peer != name:
            continue
        if peer.value is None:
            parts.append(peer.note)
            continue
        text = number(peer.value, row.unit)
        if peer.ratio is not None:
            text += f" ({peer.ratio:.2f}x)"
        parts.append(f"{text} {peer.note}".strip())
    return "; ".join(parts)


def goal_text(goal, bar, row):
    """One bar: "1.7x ik_llama.cpp", "75% of bandwidth", "0.500 s"."""
    if goal.against == goals.ITSELF:
        return number(bar, row.unit)
    if goal.against in (goals.BANDWIDTH, goals.INT8, goals.BF16):
        return f"{bar:.0%} of {goal.against}"
    return f"{bar:g}x {goal.against}"


def verdict_cell(row):
    word, missed = goals.verdict(row)
    if not missed:
        return word
    figures = []
    for goal in missed:
        figure = row.figure(goal.against)
        if goal.against != goals.ITSELF:
            figure = round(figure, 2)
        figures.append(goal_text(goal, figure, row))
    return "MISSED: " + ", ".join(figures)


def _line(cells):
    return "| " + " | ".join(cells) + " |"


def head(peers):
    """The first two lines; peers: names, a column each."""
    names = ["work", "tessera", "of the limit", *peers, "at least", "aim", ""]
    return _line(names) + "\n" + _line(["---"] * len(names))


def line(row, peers):
    """A Row's line."""
    ours = number(row.value, row.unit)
    if row.unit == "tok/s":
        ours += " tok/s"
    wanted = goals.GOALS[row.goals]
    return _line([
        row.work, f"{ours} {row.detail}".strip(), limit_cell(row),
        *(peer_cell(row, name) for name in peers),
        ", ".join(goal_text(goal, goal.floor, row) for goal in wanted),
        ", ".join(goal_text(goal, goal.aim, row) for goal in wanted
                  if goal.aim is not None),
        verdict_cell(row)])
