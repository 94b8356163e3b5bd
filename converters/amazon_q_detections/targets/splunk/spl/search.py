"""A search: its commands in order, parsed once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from amazon_q_detections.targets.splunk.spl import commands, terms, tokens
from amazon_q_detections.targets.splunk.spl.expression import Context
from amazon_q_detections.targets.splunk.spl.reading import READINGS, Reading
from amazon_q_detections.targets.splunk.spl.value import Row, SplError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from amazon_q_detections.targets.splunk.spl.commands import Stage


@dataclass(frozen=True)
class Search:
    """A parsed search, or the last commands of one."""

    stages: tuple[Stage, ...]

    @classmethod
    def parse(cls, query: str, reading: Reading = READINGS[0], now: float = 0.0) -> Search:
        """A whole search, which starts with the terms of `search` or with a pipe; raises SplError for what is unknown here."""
        context = Context(reading, now)
        written = tokens.commands(query)
        _refuse_moved_predicates(written)
        if query.lstrip().startswith("|"):
            return cls(tuple(commands.stage(one, context) for one in written))
        first = _first(written[0])
        return cls((first, *(commands.stage(one, context) for one in written[1:])))

    @classmethod
    def of(cls, written: Sequence[str], reading: Reading = READINGS[0], now: float = 0.0) -> Search:
        """Commands that follow others."""
        return cls(tuple(commands.stage(one, Context(reading, now)) for one in written))

    def run(self, rows: Iterable[Row]) -> list[Row]:
        """The rows that the last command gives."""
        table = list(rows)
        for stage in self.stages:
            table = stage(table)
        return table


def run(query: str, rows: Iterable[Row], now: float = 0.0, reading: Reading = READINGS[0]) -> list[Row]:
    """The result of a search on *rows*; *now* is the time that now() gives, in seconds since 1970."""
    return Search.parse(query, reading, now).run(rows)


def _first(source: str) -> Stage:
    matches = terms.compiled(source)
    return lambda table: [dict(row) for row in table if matches(row)]


def _refuse_moved_predicates(written: Sequence[str]) -> None:
    """A comparison of a field with a literal may be moved to before mvexpand (Search Manual, "Built-in optimization")."""
    for before, after in pairwise(written):
        expanded = re.fullmatch(r"mvexpand\s+(\w+)", before.strip())
        if expanded and after.lstrip().startswith("where") and re.search(rf"(?<![\w'(.]){expanded[1]}\s*(=|!=|<|>)", after):
            raise SplError(f"a simple test of {expanded[1]} behind mvexpand may be moved to before it.")
