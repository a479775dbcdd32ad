"""Rows that stand by themselves: what was got, and what is asked of it."""

import sys
from typing import NamedTuple, Optional

from bars import Bar, Row
from command import CommandFailed
from serve_table import bar_text, head, line, number

HEAD = head(["work", "got", "at least", "aim", ""])


class Asked(NamedTuple):
    work: str
    unit: str
    floor: Optional[Bar] = None
    aim: Optional[Bar] = None
    lower_is_better: bool = False


class Rows:
    """{key: Asked}, and what came of each."""

    def __init__(self, asked):
        self._asked = asked

    def keys(self):
        return self._asked.keys()

    def got(self, key, value, detail="", samples=None):
        """value: None where it was not measured, and `detail` says why."""
        asked = self._asked[key]
        return Row(key, asked.work, asked.unit, value, floor=asked.floor,
                   aim=asked.aim, lower_is_better=asked.lower_is_better,
                   detail=detail, samples=samples or {})

    def run(self, sections, wanted):
        """[Row], each printed when it is known. sections: {name: (keys, function
        that returns their Rows)}. What fails is not measured, and says why."""
        print(HEAD, flush=True)
        rows = []
        for name in wanted:
            keys, measure = sections[name]
            for row in self._section(keys, measure):
                print(row_line(row), flush=True)
                rows.append(row)
        print()
        return rows

    def _section(self, keys, measure):
        try:
            rows = measure()
        except CommandFailed as error:
            print(f"not measured: {error}", file=sys.stderr, flush=True)
            why = " ".join(str(error).split())[:200]
            return [self.got(key, None, why) for key in keys]
        assert [row.key for row in rows] == list(keys), (rows, keys)
        return rows


def row_line(row):
    got = number(row.ours, row.unit)
    if row.detail:
        got = f"{got} ({row.detail})" if got else row.detail
    return line([row.work, got.replace("|", "/"), bar_text(row.floor, row.unit, None),
                 bar_text(row.aim, row.unit, None), row.verdict])
